"""Paragraphs that a sender broke for narrow screens (`format=flowed`, RFC 3676) become whole again."""


def unflowed(text: str, *, joined: bool) -> str:
    """Lines that end in a space go on in the next one as deeply quoted; `joined`: the space is no word's end.

    Quoted paragraphs keep their lines unless they are `joined`: they are folded away, and read as sent.
    """
    pieces: list[str] = []
    flows, depth = False, 0
    for line in text.split("\n"):
        level = len(line) - len(line.lstrip(">"))
        content = line[level:].removeprefix(" ")
        whole = content.strip() in ("", "--")
        if flows and level == depth and not whole:
            pieces[-1] = pieces[-1][:-1] if joined else pieces[-1]
        else:
            pieces.append("\n" if pieces else "")
            pieces.append(">" * level + " " if level else "")
        pieces.append(content)
        flows = content.endswith(" ") and not whole and (joined or not level)
        depth = level
    return "".join(pieces)
