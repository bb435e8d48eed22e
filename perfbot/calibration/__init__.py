"""What A/A runs say about each benchmark: kept (records), summed up (figures), planned with (noise)."""
