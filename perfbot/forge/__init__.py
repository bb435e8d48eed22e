"""GitLab, GitHub and a local stand-in: one comment, one status, one retry layer over small protocols."""
