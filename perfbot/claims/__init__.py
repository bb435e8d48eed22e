"""Claims that people and programs make about a change, and whether measuring bears them out."""
