"""From seconds to ratios, a table and plots. Medians; the spread is the inter-quartile range over the median."""

import pathlib
import platform
import statistics
import subprocess

BARS = {  # key: (at most or at least, bar)
    "sender_over_floor": ("<=", 1.2), "receiver_over_floor": ("<=", 1.10), "push_receiver_over_floor": ("<=", 1.15),
    "receiver_ratio.full.aes256gcm": (">=", 1.25),
    "receiver_ratio.nocrypto.aes256gcm": (">=", 3.8), "receiver_ratio.nocrypto.chacha20": (">=", 2.1),
    "receiver_ratio.scalar.aes256gcm": (">=", 6.0), "receiver_ratio.scalar.chacha20": (">=", 2.5),
    "both_ratio.full": (">=", 1.5), "both_ratio.nocrypto": (">=", 5.5), "both_ratio.scalar": (">=", 9),
}
SENDER, RECEIVER = 0, 1
NAMES = {"https.aes256gcm": "HTTPS, AES-256-GCM", "https.chacha20": "HTTPS, ChaCha20-Poly1305",
         "two_path.pull": "two-path, pull", "two_path.push": "two-path, push", "floor": "floor"}


def spread(values):
    if len(values) < 4:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4)
    return (high - low) / statistics.median(values)


def figures(measured):
    """The flat object of --json. A ratio is taken within each turn, so that a busy moment hits both of its parts."""
    found = {}

    def add(key, over, under):
        values = [a / b for a, b in zip(over, under)]
        found[key] = round(statistics.median(values), 3)
        found[f"{key}.spread"] = round(spread(values), 3)

    for profile, data in measured.items():
        def side(name, which, runs=data["runs"]):
            return [run[which] for run in runs[name]]

        def both(name, runs=data["runs"]):
            return [sum(run) for run in runs[name]]

        if profile == "full":
            add("sender_over_floor", side("two_path.pull", SENDER), side("floor", SENDER))
            add("receiver_over_floor", side("two_path.pull", RECEIVER), side("floor", RECEIVER))
            add("push_receiver_over_floor", side("two_path.push", RECEIVER), side("floor", RECEIVER))
        for cipher in ("aes256gcm", "chacha20"):
            add(f"receiver_ratio.{profile}.{cipher}", side(f"https.{cipher}", RECEIVER),
                side("two_path.pull", RECEIVER))
        add(f"both_ratio.{profile}", both("https.aes256gcm"), both("two_path.pull"))
        for name in NAMES:
            for which, end in ((SENDER, "sender"), (RECEIVER, "receiver")):
                values = side(name, which)
                found[f"cpu_seconds_per_gib.{profile}.{name}.{end}"] = round(statistics.median(values), 4)
                found[f"cpu_seconds_per_gib.{profile}.{name}.{end}.spread"] = round(spread(values), 3)
    return found


def environment(options):
    model = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    openssl = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.strip()
    return {"cpu": model[0] if model else platform.machine(), "cores": len(model), "kernel": platform.release(),
            "openssl": openssl, "nginx": "1.22", "files_in": options.folder, "payload_mib": options.size, "runs": options.runs}


def verdict(key, value):
    if key not in BARS:
        return "", ""
    sign, bar = BARS[key]
    met = value <= bar if sign == "<=" else value >= bar
    return f"{sign} {bar}", "met" if met else "**missed**"


def table(found, measured):
    lines = ["| what | measured | spread | bar | |", "|---|---|---|---|---|"]
    for key, value in found.items():
        if f"{key}.spread" in found and not key.startswith("cpu_seconds"):
            lines.append(f"| `{key}` | {value} | {found[key + '.spread']:.0%} | " + " | ".join(verdict(key, value)) + " |")
    lines += ["", "CPU seconds per GiB, sender + receiver:", "",
              "| | " + " | ".join(f"{profile} ({data['digest']})" for profile, data in measured.items()) + " |",
              "|---|" + "---|" * len(measured)]
    for name, title in NAMES.items():
        cells = [" + ".join(f"{found[f'cpu_seconds_per_gib.{profile}.{name}.{end}']:.2f}" for end in
                            ("sender", "receiver")) for profile in measured]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += ["", "What `openssl speed` makes of each profile, MB/s:", "",
              "| | " + " | ".join(measured) + " |", "|---|" + "---|" * len(measured)]
    for name in next(iter(measured.values()))["speed"]:
        lines.append(f"| {name} | " + " | ".join(f"{data['speed'][name] / 1e6:.0f}" for data in measured.values()) + " |")
    return "\n".join(lines)


def plot(profile, found):
    """Bars of both ends, one above the other, as SVG: no program is needed to draw or to read it."""
    width, left, height, gap = 720, 200, 26, 14
    values = {name: [found[f"cpu_seconds_per_gib.{profile}.{name}.{end}"] for end in ("sender", "receiver")]
              for name in NAMES}
    scale = (width - left - 80) / max(sum(pair) for pair in values.values())
    rows = []
    for number, (name, (sender, receiver)) in enumerate(values.items()):
        y = 40 + number * (height + gap)
        rows.append(f'<text x="{left - 8}" y="{y + 18}" text-anchor="end">{NAMES[name]}</text>'
                    f'<rect x="{left}" y="{y}" width="{sender * scale:.1f}" height="{height}" fill="#7a9cc6"/>'
                    f'<rect x="{left + sender * scale:.1f}" y="{y}" width="{receiver * scale:.1f}" height="{height}" '
                    f'fill="#c67a52"/>'
                    f'<text x="{left + (sender + receiver) * scale + 6:.1f}" y="{y + 18}">{sender + receiver:.2f}</text>')
    total = 40 + len(values) * (height + gap) + 10
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{total}" font-family="sans-serif" '
            f'font-size="13"><rect width="100%" height="100%" fill="white"/>'
            f'<text x="{left}" y="22">CPU seconds per GiB, {profile}: sender (blue), receiver (brown)</text>'
            + "".join(rows) + "</svg>\n")


def write(folder, found, measured):
    """The plots, and the tables between the marks of performance.md."""
    folder.mkdir(exist_ok=True)
    for profile in measured:
        (folder / f"cpu-{profile}.svg").write_text(plot(profile, found))
    page = folder / "performance.md"
    begin, end = "<!-- measured -->\n", "<!-- end of measured -->"
    text = page.read_text() if page.exists() else f"# What it costs\n\n{begin}{end}\n"
    around = text.split(begin)[0], text.split(end)[1]
    told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in found["environment"].items())
    plots = "\n".join(f"![CPU seconds per GiB, {profile}](cpu-{profile}.svg)" for profile in measured)
    page.write_text(f"{around[0]}{begin}Measured on: {told}.\n\n{table(found, measured)}\n\n{plots}\n\n{end}{around[1]}")
