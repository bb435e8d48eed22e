"""The machine that measures: what it is, what that means for measuring, its cores, the layout of address spaces."""
