"""What is kept and what it says over time: records, the store, trends, alerts, releases."""
