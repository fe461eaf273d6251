"""Recipes and layer.conf read as BitBake reads them, as far as ours go; BitBake itself is in no Debian package.

Known: assignments (= := ?= ??= += =+ .= =.), :append, :prepend, :remove, overrides, flags, ${VARIABLE}, ${@python},
shell and python functions, inherit. Everything else is refused by line, so that nothing is passed over in silence.
"""

import os
import re
import textwrap
import types

NAME = r"[A-Za-z0-9_${}./-]+"
ASSIGNMENT = re.compile(rf"({NAME}(?::{NAME})*?)(?:\[([a-z-]+)\])?\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*([\"'])(.*)\4$",
                        re.DOTALL)
FUNCTION = re.compile(rf"(python\s+)?({NAME}(?::{NAME})*)\s*\(\)\s*\{{$")
VARIABLE = re.compile(r"\$\{[A-Za-z0-9_+./~:-]+?\}")
PYTHON = re.compile(r"\$\{@(?:\{.*?\}|.)+?\}")
EDITS = ("append", "prepend", "remove")


class ParseError(Exception):
    """What is not understood, with its line."""


class Recipe:
    """One file. `base`: what BitBake's own configuration sets; `overrides`: those that hold, the strongest last."""

    def __init__(self, path, base, overrides=()):
        self.path = path
        self.inherited = []
        self.own_names = set()  # that the file assigns, without overrides
        self._overrides = list(overrides)
        self._values = dict(base)
        self._weak = {}
        self._edits = []  # (name, append|prepend|remove, override or None, text)
        self._flags = {}
        self._functions = {}  # name with overrides -> (is python, body)
        self._read(path.read_text().splitlines())

    def getVar(self, name, expand=True):  # pylint: disable=invalid-name  # as BitBake's data store calls it
        """The value, or None."""
        text = self._values.get(name, self._weak.get(name))
        for override in self._overrides:
            text = self._values.get(f"{name}:{override}", text)
        edits = [edit for edit in self._edits
                 if edit[0] == name and (edit[2] is None or edit[2] in self._overrides)]
        for _, kind, _, more in edits:
            if kind != "remove":
                text = (text or "") + more if kind == "append" else more + (text or "")
        if text is None or not expand:
            return text
        text = self.expand(text)
        gone = {word for _, kind, _, more in edits if kind == "remove" for word in self.expand(more).split()}
        return " ".join(word for word in text.split() if word not in gone) if gone else text

    def expand(self, text):
        """What no variable answers stays as it is, as in BitBake."""
        for _ in range(100):
            before = text
            text = VARIABLE.sub(lambda found: self._value_or_same(found[0]), text)
            text = PYTHON.sub(lambda found: str(self._evaluate(found[0][3:-1])), text)
            if text == before:
                return text
        raise ParseError(f"{self.path.name}: a variable that contains itself: {text}")

    def words(self, name):
        return (self.getVar(name) or "").split()

    def flag(self, name, flag):
        return self._flags.get((name, flag))

    def flags(self, name):
        """{flag: text}"""
        return {flag: text for (owner, flag), text in self._flags.items() if owner == name}

    def shell(self, name):
        """The bodies of a shell function that hold here, one after the other, expanded."""
        wanted = next((one for one in [f"{name}:{override}" for override in reversed(self._overrides)]
                       if one in self._functions), name)
        wanted = [wanted, f"{name}:append"] + [f"{name}:append:{override}" for override in self._overrides]
        return self.expand("\n".join(self._functions[one][1] for one in wanted if one in self._functions))

    def run_python(self, name):
        """Runs a python function's body; it sees `d`, `bb` and `os`."""
        _, body = self._functions[name]
        exec(compile(textwrap.dedent(body), str(self.path), "exec"), self._globals())  # pylint: disable=exec-used

    # Reading

    def _read(self, lines):
        at = 0
        while at < len(lines):
            line = lines[at]
            if not line.strip() or line.startswith("#"):
                at += 1
            elif function := FUNCTION.match(line):
                end = next((n for n in range(at, len(lines)) if lines[n] == "}"), None)
                if end is None:
                    raise ParseError(f"{self.path.name}:{at + 1}: a function without its `}}`")
                name = self.expand(function[2])
                self._functions[name] = (bool(function[1]), "\n".join(lines[at + 1:end]))
                at = end + 1
            else:
                first = at
                while lines[at].endswith("\\") and at + 1 < len(lines):
                    at += 1
                joined = "".join(part.removesuffix("\\") for part in lines[first:at + 1])
                self._take(joined, f"{self.path.name}:{first + 1}")
                at += 1

    def _take(self, line, where):
        if line.startswith("inherit "):
            self.inherited += self.expand(line).split()[1:]
        elif found := ASSIGNMENT.match(line):
            self._assign(self.expand(found[1]), found[2], found[3], found[5])
        elif not line.startswith("addtask "):
            raise ParseError(f"{where}: not understood: {line.strip()}")

    def _assign(self, name, flag, operator, text):
        if flag:
            before = self._flags.get((name, flag))
            self._flags[name, flag] = f"{before} {text}" if operator == "+=" and before else text
            return
        parts = name.split(":")
        self.own_names.add(parts[0])
        edit = next((part for part in parts[1:] if part in EDITS), None)
        if edit:
            at = parts.index(edit)
            override = parts[at + 1] if len(parts) > at + 1 else None
            self._edits.append((":".join(parts[:at]), edit, override, text))
            return
        before = self._values.get(name, "")
        if operator == "??=":
            self._weak[name] = text
        elif operator != "?=" or name not in self._values:
            self._values[name] = {":=": lambda: self.expand(text), "+=": lambda: f"{before} {text}",
                                  "=+": lambda: f"{text} {before}", ".=": lambda: before + text,
                                  "=.": lambda: text + before}.get(operator, lambda: text)()

    # Expanding

    def _value_or_same(self, reference):
        value = self.getVar(reference[2:-1], expand=False)
        return reference if value is None else value

    def _evaluate(self, code):
        return eval(code, self._globals())  # pylint: disable=eval-used  # BitBake's own way; the code is ours

    def _globals(self):
        def contains(variable, wanted, true, false, data):
            return true if set(wanted.split()) <= set((data.getVar(variable) or "").split()) else false

        return {"d": self, "os": os, "bb": types.SimpleNamespace(utils=types.SimpleNamespace(contains=contains))}
