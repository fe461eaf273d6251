"""Bars side by side as SVG: no program is needed to draw or to read them."""

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 820, 280, 80, 24, 12, 44
COLOURS = ("#7a9cc6", "#c67a52")


def bars(title, rows):
    """`rows`: {name: parts}; the parts of a row stand one behind the other, their sum at the end."""
    scale = (WIDTH - LEFT - RIGHT) / max(sum(parts) for parts in rows.values())
    height = TOP + len(rows) * (BAR + GAP) + GAP
    drawn = "".join(_row(name, parts, TOP + number * (BAR + GAP), scale)
                    for number, (name, parts) in enumerate(rows.items()))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
            f'font-size="13"><rect width="100%" height="100%" fill="white"/>'
            f'<text x="{GAP}" y="24" font-weight="bold">{title}</text>{drawn}</svg>\n')


def _row(name, parts, y, scale):
    x, drawn = LEFT, f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{name}</text>'
    for part, colour in zip(parts, COLOURS):
        drawn += f'<rect x="{x:.1f}" y="{y}" width="{part * scale:.1f}" height="{BAR}" fill="{colour}"/>'
        x += part * scale
    return drawn + f'<text x="{x + 6:.1f}" y="{y + 17}">{sum(parts):.2f}</text>'
