"""The pages that Wireroom makes for people, in a real Chromium."""
