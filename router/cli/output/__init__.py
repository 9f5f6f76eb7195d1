"""What several commands write alike: files, pages, tables, amounts, and lines on standard error."""
