"""What coding agents ask of perfbot: tools over the Model Context Protocol, and the words that teach them."""
