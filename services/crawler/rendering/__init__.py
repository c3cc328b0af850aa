"""Pages that need JavaScript, in a Chromium that can reach nothing the crawler may not."""
