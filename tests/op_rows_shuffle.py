"""Rows of pixel_shuffle, pixel_unshuffle and channel_shuffle."""

from op_table import bad, fn

ROWS = [
    *[
        fn("pixel_shuffle", [x], 2, ints="int64", zero=())  # torch's backward of nothing raises
        for x in ((8, 3, 5), (2, 4, 3, 5), (3, 1, 12, 2, 1))
    ],
    fn("pixel_shuffle", [(2, 9, 2, 4)], 3, zero=()),
    *[fn("pixel_unshuffle", [x], 2, ints="int64", zero=()) for x in ((3, 4, 6), (2, 1, 2, 4), (3, 2, 1, 4, 2))],
    fn("pixel_unshuffle", [(2, 2, 6, 3)], 3, zero=()),
    fn("pixel_unshuffle", [(0, 4, 6)], 2, order=0),
    *[fn("channel_shuffle", [x], 2, ints="int64") for x in ((2, 4, 3), (3, 6, 2, 5), (1, 4, 2, 3, 2))],
    fn("channel_shuffle", [(2, 6, 5)], 3),
]

BAD = [
    bad("pixel_shuffle: channels", lambda T, F, x: F.pixel_shuffle(x, 2), (3, 2, 2), match="divisible by the square"),
    bad("pixel_shuffle: rank", lambda T, F, x: F.pixel_shuffle(x, 2), (4, 2), match="at least 3 dimensions"),
    bad("pixel_shuffle: factor", lambda T, F, x: F.pixel_shuffle(x, 0), (4, 2, 2), match="positive"),
    bad("pixel_unshuffle: height", lambda T, F, x: F.pixel_unshuffle(x, 2), (3, 3, 2), match="height to be divisible"),
    bad("pixel_unshuffle: width", lambda T, F, x: F.pixel_unshuffle(x, 2), (3, 2, 3), match="width to be divisible"),
    bad("pixel_unshuffle: rank", lambda T, F, x: F.pixel_unshuffle(x, 2), (2, 2), match="at least 3 dimensions"),
    bad("pixel_unshuffle: factor", lambda T, F, x: F.pixel_unshuffle(x, -1), (4, 2, 2), match="positive"),
    bad("channel_shuffle: groups", lambda T, F, x: F.channel_shuffle(x, 2), (1, 3, 2), match="divisible by groups"),
    bad("channel_shuffle: no groups", lambda T, F, x: F.channel_shuffle(x, 0), (1, 3, 2), match="positive"),
    bad("channel_shuffle: rank", lambda T, F, x: F.channel_shuffle(x, 2), (4, 2), match="at least 3|more than 2"),
]
