"""Words that a question is built with and that tell nothing of what is asked."""

_ENGLISH = """
    a about above after again all also am an and any are as at be because been before being below between both but by
    can could did do does doing done down during each else ever every few for from further had has have having he her
    here hers him his how i if in into is it its itself just know let like many may me might mine more most much must
    my need no nor not of off on once one only or other our ours out over own please same shall she should so some
    still such tell than that the their theirs them then there these they this those through to too under until up
    upon us very was we were what when where which while who whom whose why will with within without would yes yet
    you your yours
"""
ENGLISH = frozenset(_ENGLISH.split())

CHINESE_PARTICLES = frozenset("的吗呢么什嘛啊吧")
"""A pair of characters with one of these is no word, save for a few such as 目的."""

CHINESE_SINGLES = frozenset("的了吗呢吧啊嘛么和与或在是有就都也还被把给对从到为以及其之我你他她它")
"""What tells nothing where it stands alone between letters or signs."""

_CHINESE_PAIRS = """
    怎样 怎会 如何 哪个 哪些 哪里 哪一 多少 是否 是不 不是 可以 能不 不能 能否 应该 应当 需要 为何 还能 还可 请问 我们
    我想 想知 知道 一下 有没 没有 这个 那个 时候 的话 关于 还是 以及 或者 并且 但是 因为 所以 如果 已经 现在 他们 你们
    自己
"""
CHINESE_PAIRS = frozenset(_CHINESE_PAIRS.split())
