"""What benchmarks reach of a change: which edited functions they run, and which none of them does. Pure."""
