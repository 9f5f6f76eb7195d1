"""Verbs between what was asked for and its value, in languages that separate words by spaces; lower case."""

VERBS = frozenset(
    "is was are were ist war sind waren est était sont étaient es era son eran fue é foi são è sono fu zijn waren är var er este jest był była je byl byla on oli adalah ialah είναι ήταν є был была".split()
)
