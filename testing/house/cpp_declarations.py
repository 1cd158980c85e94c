"""Finds what a C++ header declares in its namespaces, and what of that has no comment.

Not a parser: it knows comments, literals, braces and how this house writes declarations.
"""

import re

# Alternatives that end a run of plain code: comments, literals, preprocessor lines.
_TOKEN = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|R"(?P<fence>[^(\s]*)\(.*?\)(?P=fence)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'"
    r"|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*",
    re.S | re.M,
)
_HIDDEN_NAMESPACE = re.compile(r"^(internal|detail|HWY_NAMESPACE|)$")
_ATTRIBUTE = re.compile(r"^(\[\[.*?\]\]|alignas\([^)]*\)|inline|constexpr|static|extern)\s*")
_SKIPPED = re.compile(r"^(using|typedef|static_assert|friend|template\s*<\s*>|template\s+(class|struct))\b")


def _blank(text):
    """`text` with comments, literals and preprocessor lines blanked; and the comments' lines."""
    comment_lines = set()

    def replace(match):
        token = match.group(0)
        if token.startswith(("//", "/*")):
            first = text.count("\n", 0, match.start()) + 1
            comment_lines.update(range(first, first + token.count("\n") + 1))
        return re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(replace, text), comment_lines


def _strip_template(head):
    """A declaration without its `template <...>` and leading attributes and specifiers."""
    head = head.strip()
    while head.startswith("template"):
        depth = 0
        for i, c in enumerate(head):
            depth += (c == "<") - (c == ">")
            if c == ">" and depth == 0:
                break
        head = re.sub(r"^requires\b[^;{]*?\s(?=\w)", "", head[i + 1:].strip())
    while _ATTRIBUTE.match(head):
        head = _ATTRIBUTE.sub("", head)
    return re.sub(r"^decltype\([^)]*\)\s*", "auto ", head)


def _name(head):
    """What the declaration `head` (without template and body) declares, if it is a function or a
    type; else None."""
    kind = re.match(r"(enum class|enum struct|class|struct|union|enum)\s+(?:\[\[.*?\]\]\s*)?([\w:]+)", head)
    if kind:
        return kind.group(2)
    operator = re.search(r"\boperator\s*([^\s\w(]+|\(\)|[\w:]+)\s*\(", head)
    if operator:
        return None if re.search(r"\w::\s*operator", head) else "operator" + operator.group(1)
    before = head.split("(")[0]
    name = re.search(r"([\w:]+)\s*$", before)
    # With no parenthesis, or one behind a `=`, it is a variable.
    if "(" not in head or not name or re.search(r"(?<![=!<>])=(?!=)", before):
        return None
    # A member's definition: its class has the comment.
    return None if "::" in name.group(1) else name.group(1)


def declarations(text):
    """Yields (first line, last line, name) of each statement in the header's namespaces, in order;
    name is None where it is neither a function nor a type, or only announces one."""
    code, _ = _blank(text)
    namespaces = []  # Per open namespace: whether it is hidden.
    start = None     # Of the statement at hand.
    body_at = None   # Where its first body opens.
    depth = 0        # Of braces in it.
    for i, c in enumerate(code):
        if start is None:
            if c.isspace() or c == ";":
                continue
            if c == "}":
                if namespaces:
                    namespaces.pop()
                continue
            start, body_at = i, None
        end = False
        if c == "{":
            head = code[start:i].strip()
            if depth == 0 and re.match(r"(inline\s+)?namespace\b|extern$", head):
                names = re.sub(r"^(inline\s+)?(namespace|extern)\s*", "", head).split("::")
                hidden = head != "extern" and any(_HIDDEN_NAMESPACE.match(n.strip()) for n in names)
                namespaces.append(hidden)
                start = None
                continue
            if depth == 0 and body_at is None:
                body_at = i
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0:
                head = _strip_template(code[start:body_at])
                # A function ends with its body; types and initializers go on to a semicolon.
                is_type = re.match(r"(class|struct|union|enum)\b", head)
                end = not is_type and _name(head) is not None or (
                    not is_type and ")" in head and "=" not in head.split("(")[0])
        elif c == ";" and depth == 0:
            end = True
        if not end:
            continue
        head = code[start:body_at if body_at is not None else i].strip()
        stripped = _strip_template(head)
        name = None
        if not any(namespaces) and not _SKIPPED.match(head) and not _SKIPPED.match(stripped):
            announces = re.match(r"(enum|class|struct|union)\b[^(]*$", stripped) and body_at is None
            if not announces:
                name = _name(stripped)
        yield code.count("\n", 0, start) + 1, code.count("\n", 0, i) + 1, name
        start = None


def undocumented(text):
    """(line, name) of each function and type that has no comment: neither above it nor beside it.
    A comment covers all declarations below it up to the next blank line."""
    _, comment_lines = _blank(text)
    missing = []
    covered_to = 0  # The last line of the declarations under the comment seen last.
    for first, last, name in declarations(text):
        head_lines = {first - 1, first, last}
        if head_lines & comment_lines or first <= covered_to + 1 and covered_to:
            covered_to = last
        elif name:
            missing.append((first, name))
            covered_to = 0
    return missing
