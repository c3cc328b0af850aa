"""The knowledge base: what names stand for, mapped into memory and shared between processes."""
