"""Git, asked safely: commands, commits that a shallow clone lacks, submodules."""
