"""Small programs that became slower in ways of their own, and some that did not: who is guilty is known of each."""
