"""What every picture of a result shares, on a screen and on paper: colours, classes, words.

Nothing here draws, and nothing decides what is drawn. A colour means the same in a browser and
in an atlas because both read it here; so do the sentences a map cannot leave the house without.
"""
