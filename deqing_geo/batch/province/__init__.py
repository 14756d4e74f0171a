"""Many counties: a list in, every county's folder and one table of all out.

`listing` says who and by which recipe, `around` cuts a county's part of the layers for all,
`county` is one county's job, `lanes` and `cluster` are where it is made, `going` brings all of
them through, `merging` streams their tables together, `summing` writes the files of the whole, and
`whole` is the run.
"""
