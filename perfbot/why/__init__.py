"""Why a benchmark is slower: what its functions cost on both sides, and which of them surely changed. Pure."""
