"""What the hostile network of the tests does to packets is what it says, and the same with the same seed."""

import random
import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import impairments  # noqa: E402
import ip_packets  # noqa: E402

SERVER, DEVICE, OTHER = bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2]), bytes([10, 77, 0, 9])


def packet(data):
    """From the server's port 21 to the device's 40000, as the kernel would send it."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 7, 0, 64, ip_packets.TCP, 0, SERVER, DEVICE)
    tcp = struct.pack("!HHIIBBHHH", 21, 40000, 1000, 2000, 0x50, 0x18, 8192, 0, 0)
    return ip_packets.with_checksums(ip + tcp + data)


def holds(made):
    """Whether a receiver takes it: a sum over what a checksum covers, with the checksum, is nothing."""
    pseudo = made[12:20] + struct.pack("!HH", ip_packets.TCP, len(made) - 20)
    return not ip_packets.checksum(made[:20]) % 0xFFFF and not ip_packets.checksum(pseudo + made[20:]) % 0xFFFF


class Impairments(unittest.TestCase):
    def fates(self, kind, *arguments, seed=1, count=300):
        impairment = kind(random.Random(seed), *arguments)
        return [impairment.pass_on(packet(b"%d" % i), i) for i in range(count)]

    def test_the_same_seed_gives_the_same_packets_the_same_fate(self):
        for kind, arguments in [(impairments.Loss, [0.1]), (impairments.Bursts, [0.1, 0.3]),
                                (impairments.Delay, [0.1, 0.1]), (impairments.Reordering, [0.1, 1]),
                                (impairments.Duplication, [0.1]), (impairments.Corruption, [0.1]),
                                (impairments.Forgery, [0.1]), (impairments.Resets, [0.1])]:
            with self.subTest(kind.__name__):
                self.assertEqual(self.fates(kind, *arguments), self.fates(kind, *arguments))
                self.assertNotEqual(self.fates(kind, *arguments), self.fates(kind, *arguments, seed=2))

    def test_a_receiver_notices_corruption_and_not_forgery(self):
        for kind, noticed in (impairments.Corruption, True), (impairments.Forgery, False):
            for i, [(made, _)] in enumerate(self.fates(kind, 1)):
                self.assertNotEqual(made, packet(b"%d" % i))
                self.assertEqual(holds(made), not noticed)

    def test_a_reset_stands_where_its_packet_would(self):
        [(made, _), (after, _)] = impairments.Resets(random.Random(1), 1).pass_on(packet(b"data"), 0)
        self.assertTrue(holds(made))
        self.assertEqual(len(made), 40)
        self.assertEqual(made[20:28], after[20:28])  # ports and sequence number
        self.assertTrue(made[33] & ip_packets.RST)

    def test_a_detour_leads_there_and_back(self):
        connections = impairments.FirstConnections(1)
        [(there, _)] = impairments.Detour(connections, target=OTHER).pass_on(packet(b"data"), 0)
        self.assertEqual((there[12:16], there[16:20]), (SERVER, OTHER))
        self.assertTrue(holds(there))
        [(back, _)] = impairments.Detour(connections, source=OTHER).pass_on(there, 0)
        self.assertEqual((back[12:16], back[16:20]), (OTHER, OTHER))
        second = bytearray(packet(b"data"))
        second[23] ^= 1  # another port
        self.assertNotIn(second, connections)
        self.assertIn(packet(b"more"), connections)

    def test_fragments_hold_all_of_the_packet(self):
        whole = packet(bytes(range(256)) * 5)
        parts = [part for part, _ in impairments.Fragmentation(576).pass_on(whole, 0)]
        self.assertEqual(b"".join(part[20:] for part in parts), whole[20:])
        self.assertTrue(all(len(part) <= 576 for part in parts))
        self.assertFalse(any(ip_packets.checksum(part[:20]) % 0xFFFF for part in parts))

    def test_a_line_of_a_rate_is_as_long_as_it_says(self):
        line = impairments.Rate(1000, 0.5)
        given = [due for i in range(100) for _, due in line.pass_on(packet(bytes(60)), 0)]  # 100 bytes each
        self.assertEqual(len(given), 6)  # until the wait is more than half a second
        self.assertAlmostEqual(given[-1], 0.6)

    def test_a_blackout_begins_with_the_bytes_and_ends_when_it_is_told_or_in_time(self):
        dark = impairments.Blackout(100)
        self.assertEqual([len(dark.pass_on(packet(bytes(20)), due)) for due in (0, 1, 2)], [1, 0, 0])
        dark.end()
        self.assertEqual(len(dark.pass_on(packet(b""), 3)), 1)
        short = impairments.Blackout(0, 2)
        self.assertEqual([len(short.pass_on(packet(b""), due)) for due in (5, 6, 7)], [0, 0, 1])


if __name__ == "__main__":
    unittest.main()
