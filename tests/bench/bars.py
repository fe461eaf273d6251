"""What is demanded of the figures."""

import operator

# key: (what it is, at most or at least, bar)
BARS = {
    "sender_over_floor": ("plugin sending (pull), CPU over the floor's sender", "<=", 1.2),
    "receiver_over_floor": ("device receiving, digest and file, CPU over the floor with the same digest", "<=", 1.10),
    "push_receiver_over_floor": ("the same, push", "<=", 1.15),
    "receiver_ratio.nocrypto.aes256gcm": ("receiver's CPU, HTTPS over two-path", ">=", 3.8),
    "receiver_ratio.nocrypto.chacha20": ("the same", ">=", 2.1),
    "receiver_ratio.scalar.aes256gcm": ("the same", ">=", 6.0),
    "receiver_ratio.scalar.chacha20": ("the same", ">=", 2.5),
    "receiver_ratio.full.aes256gcm": ("the same", ">=", 1.25),
    "both_ratio.full": ("both ends' CPU, HTTPS with AES-256-GCM over two-path", ">=", 1.5),
    "both_ratio.nocrypto": ("the same", ">=", 5.5),
    "both_ratio.scalar": ("the same", ">=", 9),
    "update_cpu_ratio.nocrypto": ("a whole update, device's CPU, ordinary artifact over two-path", ">=", 3),
    "idle_connection_pss_kib": ("an idle logged-in FTP connection, PSS in KiB", "<=", 4),
    "login_cpu_ms": ("an FTP login with both proofs, CPU in ms", "<=", 0.25),
    "connections_held": ("FTP connections held, with 100 fair transfers among them", ">=", 10_000),
    "transfers_fairness": ("those transfers, slowest over median", ">=", 0.5),
    "control_cpu_ms_per_update": ("first path of one update, CPU in the plugin, in ms", "<=", 2),
    "sessions_1000_pss_mib": ("plugin with 1,000 running sessions, PSS in MiB", "<=", 64),
    "module_private_mib": ("device's module while receiving, private memory in MiB", "<=", 10),
    "module_armhf_kib": ("stripped module for armhf, dynamic, in KiB", "<=", 900),
    "module_armhf_static_kib": ("the same for images without libstdc++, in KiB", "<=", 1700),
}
COMPARE = {"<=": operator.le, ">=": operator.ge}


def demand(key):
    _, sign, bar = BARS[key]
    return f"{sign} {bar}"


def met(key, value):
    _, sign, bar = BARS[key]
    return COMPARE[sign](value, bar)
