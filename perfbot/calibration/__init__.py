"""What A/A runs say about each benchmark: kept (:mod:`.records`), summed up (:mod:`.figures`), foretold (:mod:`.noise`)."""
