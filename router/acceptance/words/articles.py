"""Articles, with which a short text may or may not begin; lower case."""

ARTICLES = frozenset(
    "the a an der die das den dem ein eine einen einem einer le la les un une el los las una unos unas o os as um uma il lo gli i uno de het een en ett et".split()
)
