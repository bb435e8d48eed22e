"""What the job's environment says, read here alone: which change it is about, and where to publish."""
