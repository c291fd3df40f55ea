"""Of the pages that people read: each opened in a real, headless browser."""
