"""How results look to their readers, on a page as in a file: colours, classes, thinner borders.

One palette, one rule for limits of classes, one line that says for whom a product is, one way to
simplify borders; the rooms that draw and write share them. Nothing here draws or writes.
"""
