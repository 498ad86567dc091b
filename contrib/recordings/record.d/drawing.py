"""Films of terminals, and their drawing as an animated SVG that any browser plays."""

import contextlib
import html
import re
import threading
import time

FRAMES_A_SECOND = 12
LONGEST_PAUSE = 1.5
FONT, ADVANCE, LINE = 13, 7.8, 17
MARGIN, BAR = 12, 30
PALETTE = ("#2e3440 #d06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #d7dae0 "
           "#7f848e #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #ffffff").split()
FOREGROUND, BACKGROUND, CURSOR = "#d7dae0", "#1e2127", "#7f848e"


class Film:
    """The screens of some terminals over time."""

    def __init__(self, columns, rows, titles):
        self.columns, self.rows, self.titles = columns, rows, titles
        self.frames = []  # (time, {terminal: rows})
        self.is_over = False

    @contextlib.contextmanager
    def shooting(self, stage):
        camera = threading.Thread(target=self.shoot, args=(stage,))
        camera.start()
        try:
            yield
        finally:
            self.is_over = True
            camera.join()
        self.frames = shortened(self.frames)

    def shoot(self, stage):
        while not self.is_over:
            screens = {name: self.screen(stage, name) for name in self.titles}
            if not self.frames or self.frames[-1][1] != screens:
                self.frames.append((time.monotonic(), screens))
            time.sleep(1 / FRAMES_A_SECOND)
        self.frames.append((time.monotonic(), self.frames[-1][1]))

    def screen(self, stage, name):
        said = stage.tmux("capture-pane", "-pe", "-t", name, ";", "display-message", "-p", "-t",
                          name, "#{cursor_x} #{cursor_y} #{cursor_flag}")
        *lines, cursor = said.rstrip("\n").split("\n")
        column, row, is_shown = map(int, cursor.split())
        rows = runs_of_screen(lines, self.rows)
        if is_shown and row < self.rows:
            rows[row].append((column, " ", FOREGROUND, CURSOR, ""))
        return [tuple(row) for row in rows]

    @property
    def duration(self):
        return self.frames[-1][0] - self.frames[0][0]

    # MARK: Drawing

    def svg(self):
        width = (self.columns * ADVANCE + 2 * MARGIN) * len(self.titles)
        height = self.rows * LINE + BAR + MARGIN
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
            f'width="{width:.0f}" height="{height}" font-family="ui-monospace, Menlo, '
            f'DejaVu Sans Mono, monospace" font-size="{FONT}">',
            f"<title>A conversation shared by {' and '.join(self.titles.values())}</title>",
        ]
        for index, (name, title) in enumerate(self.titles.items()):
            parts += self.terminal(name, title, index * width / len(self.titles))
        return "\n".join([*parts, "</svg>"]) + "\n"

    def terminal(self, name, title, left):
        width = self.columns * ADVANCE + 2 * MARGIN - 4
        yield (f'<g transform="translate({left + 2:.1f})"><rect width="{width:.1f}" '
               f'height="{self.rows * LINE + BAR + MARGIN}" rx="7" fill="{BACKGROUND}"/>'
               f'<text x="{width / 2:.1f}" y="20" text-anchor="middle" fill="{CURSOR}">'
               f"{html.escape(title)}</text>")
        for row in range(self.rows):
            for start, end, runs in self.stretches(name, row):
                yield self.stretch(start, end, row, runs)
        yield "</g>"

    def stretches(self, name, row):
        """The contents of a row, each with when it comes and goes."""
        begin = self.frames[0][0]
        times = [moment - begin for moment, _ in self.frames]
        contents = [screens[name][row] for _, screens in self.frames]
        start = 0
        for index in range(1, len(contents) + 1):
            if index == len(contents) or contents[index] != contents[start]:
                if contents[start]:
                    end = times[index] if index < len(contents) else self.duration
                    yield times[start], end, contents[start]
                start = index

    def stretch(self, start, end, row, runs):
        top = BAR + row * LINE
        drawn = "".join(draw(run, top) for run in runs)
        first, last = start / self.duration, end / self.duration
        if first == 0 and last == 1:
            return f"<g>{drawn}</g>"
        values = [("0", 0)] if first > 0 else []
        values += [("1", first)]
        values += [("0", last)] if last < 1 else []
        shown = ";".join(value for value, _ in values)
        moments = ";".join(f"{moment:.4f}" for _, moment in values)
        return (f'<g opacity="{int(last == 1)}"><animate attributeName="opacity" '
                f'calcMode="discrete" dur="{self.duration:.2f}s" repeatCount="indefinite" '
                f'values="{shown}" keyTimes="{moments}"/>{drawn}</g>')


def draw(run, top):
    column, text, color, background, style = run
    left, width = MARGIN + column * ADVANCE, len(text) * ADVANCE
    drawn = ""
    if background:
        drawn = (f'<rect x="{left:.1f}" y="{top + 1}" width="{width:.1f}" height="{LINE}" '
                 f'fill="{background}"/>')
    if text.strip():
        drawn += (f'<text x="{left:.1f}" y="{top + 14}" textLength="{width:.1f}" fill="{color}"'
                  f'{style} xml:space="preserve">{html.escape(text)}</text>')
    return drawn


def shortened(frames):
    """The frames with no pause longer than LONGEST_PAUSE, except for the last."""
    result, now, before = [], 0.0, frames[0][0]
    for index, (moment, screens) in enumerate(frames):
        pause = moment - before
        now += pause if index == len(frames) - 1 else min(pause, LONGEST_PAUSE)
        before = moment
        result.append((now, screens))
    return result


# MARK: What a terminal shows

SELECT = re.compile(r"\x1b\[([\d;:]*)m|\x1b\][^\x1b]*\x1b\\|\x1b\(B|[\x0e\x0f]")


def runs_of_screen(lines, rows):
    """The runs of each row, (column, text, color, background, style); attributes outlive a line."""
    attributes = {}
    result = []
    for line in lines[:rows]:
        runs, column, start = [], 0, 0
        for match in [*SELECT.finditer(line), None]:
            text = line[start:match.start() if match else len(line)]
            if text:
                runs.append(run_of(column, text, attributes))
                column += len(text)
            if match:
                start = match.end()
                if match[1] is not None:
                    select(attributes, re.split("[;:]", match[1]))
        result.append([run for run in runs if run[1].strip() or run[3]])
    return result + [[] for _ in range(rows - len(result))]


def run_of(column, text, attributes):
    color = attributes.get("color", FOREGROUND)
    background = attributes.get("background")
    if "reverse" in attributes:
        color, background = background or BACKGROUND, color
    style = ' font-weight="bold"' if "bold" in attributes else ""
    style += ' font-style="italic"' if "italic" in attributes else ""
    style += ' text-decoration="underline"' if "underline" in attributes else ""
    style += ' opacity="0.6"' if "dim" in attributes else ""
    return column, text, color, background, style


SWITCHES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}
ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",),
        39: ("color",), 49: ("background",)}


def select(attributes, codes):
    """Applies the codes of one SGR sequence (ECMA-48, 8.3.117)."""
    codes = [int(code or 0) for code in codes]
    while codes:
        code = codes.pop(0)
        if code == 0:
            attributes.clear()
        elif code in SWITCHES:
            attributes[SWITCHES[code]] = True
        elif code in ENDS:
            for name in ENDS[code]:
                attributes.pop(name, None)
        elif code in (38, 48):
            attributes["color" if code == 38 else "background"] = extended_color(codes)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            attributes["color"] = PALETTE[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            attributes["background"] = PALETTE[code - 40 if code < 100 else code - 92]


def extended_color(codes):
    if codes and codes.pop(0) == 2:
        red, green, blue = codes[:3]
        del codes[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    number = codes.pop(0) if codes else 7
    if number < 16:
        return PALETTE[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    levels = (0, 95, 135, 175, 215, 255)
    number -= 16
    return "#" + "".join(f"{levels[number // n % 6]:02x}" for n in (36, 6, 1))
