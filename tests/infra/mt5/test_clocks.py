"""Server time zones, the cloud's clock, instants and numbers as text."""
import unittest
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stage import START_MS, TestClock

from countersign_mt5.cloud_clock import CloudClock
from countersign_mt5.decimal_text import as_decimal, decimal_text, text_or_none
from countersign_mt5.server_time import EUROPEAN_ZONES, HOUR_MS, ServerTime, UnknownZone
from countersign_mt5.utc_text import iso_utc, parse_iso


def ms(text):
    return parse_iso(text)


class ServerTimes(unittest.TestCase):
    def test_the_two_common_rules_change_on_their_own_dates(self):
        for zone, at, hours in [
            *[("NY+7", "2026-03-08T06:59:59Z", 2), ("NY+7", "2026-03-08T07:00:00Z", 3)],
            *[("NY+7", "2026-11-01T05:59:59Z", 3), ("NY+7", "2026-11-01T06:00:00Z", 2)],
            *[("NY+7", "2006-04-02T06:59:59Z", 2), ("NY+7", "2006-04-02T07:00:00Z", 3)],
            *[("EET", "2026-03-29T00:59:59Z", 2), ("EET", "2026-03-29T01:00:00Z", 3)],
            *[("EET", "2026-10-25T00:59:59Z", 3), ("EET", "2026-10-25T01:00:00Z", 2)],
            *[("+02:00", "2026-07-01T00:00:00Z", 2), ("-05:30", "2026-07-01T00:00:00Z", -5.5)],
        ]:
            self.assertEqual(ServerTime(zone).offset_ms(ms(at)), hours * HOUR_MS, (zone, at))

    def test_they_agree_with_the_zone_data_where_this_machine_has_some(self):
        zones = {"NY+7": ("America/New_York", 7), **{zone: (zone, 0) for zone in EUROPEAN_ZONES}}
        compared = 0
        for zone, (name, ahead) in zones.items():
            try:
                info = ZoneInfo(name)
            except ZoneInfoNotFoundError:
                continue
            ours = ServerTime(zone)
            first = datetime(1997, 1, 1, tzinfo=timezone.utc).timestamp()
            for hour in range(0, 41 * 366 * 24, 23):
                at = first + hour * 3600
                theirs = datetime.fromtimestamp(at, info).utcoffset().total_seconds() + ahead * 3600
                self.assertEqual(ours.offset_ms(int(at) * 1000), theirs * 1000, (zone, at))
                compared += 1
        print(f"compared with zone data at {compared} hours")

    def test_there_and_back_is_where_it_was_but_in_the_hour_that_comes_twice(self):
        for zone in ("NY+7", "EET", "+03:00", "Asia/Tokyo"):
            server = ServerTime(zone)
            twice = 0
            for hour in range(0, 366 * 24):
                utc_ms = START_MS + hour * HOUR_MS
                back = server.to_utc_ms(server.to_server_ms(utc_ms))
                twice += back == utc_ms - HOUR_MS
                self.assertIn(back, (utc_ms, utc_ms - HOUR_MS))
            self.assertEqual(twice, 1 if zone in ("NY+7", "EET") else 0)

    def test_a_time_that_the_clock_skipped_counts_as_before_the_skip(self):
        self.assertEqual(iso_utc(ServerTime("EET").to_utc_ms(ms("2026-03-29T03:30:00Z"))), "2026-03-29T01:30:00.000Z")

    def test_anything_else_is_refused(self):
        for zone in ("", "NY", "+2", "+15:00", "Mars/Base", "../etc/passwd"):
            with self.assertRaises(UnknownZone):
                ServerTime(zone)


class CloudClocks(unittest.TestCase):
    def setUp(self):
        self.clock = TestClock()
        self.cloud = CloudClock(self.clock)

    def hear(self, age_ms):
        """A message made so long before now, on the cloud's clock, which is 100 s behind ours."""
        self.cloud.heard(self.clock.wall_ms - 100_000 - age_ms)

    def test_before_anything_was_heard_it_is_our_own(self):
        self.assertEqual(self.cloud.now_ms(), self.clock.wall_ms)

    def test_it_is_the_clouds_less_the_shortest_time_of_travel(self):
        self.hear(40)
        self.assertEqual(self.cloud.now_ms(), self.clock.wall_ms, "one alone may have been held back")
        self.hear(5_000)
        self.hear(30)
        self.clock.advance(7_000)
        self.assertEqual(self.cloud.now_ms(), self.clock.wall_ms - 100_030)
        self.assertEqual(self.cloud.skew_ms(), 100_030)

    def test_what_is_an_hour_old_or_from_before_a_step_of_our_clock_says_nothing(self):
        for spoil in (lambda: self.clock.advance(3_600_001), lambda: setattr(self.clock, "wall_ms", START_MS + 60_000)):
            self.hear(0)
            self.hear(0)
            spoil()
            self.assertEqual(self.cloud.now_ms(), self.clock.wall_ms)


class Texts(unittest.TestCase):
    def test_instants(self):
        for text, at_ms in [
            ("2026-03-02T10:00:00.000Z", 1_772_445_600_000),
            ("2026-03-02T12:00:00+02:00", 1_772_445_600_000),
            ("2026-03-02T10:00Z", 1_772_445_600_000),
            ("2026-03-02T10:00:00.1239Z", 1_772_445_600_123),
            ("1970-01-01T00:00:00Z", 0),
        ]:
            self.assertEqual(parse_iso(text), at_ms)
        self.assertEqual(iso_utc(1_772_445_600_123), "2026-03-02T10:00:00.123Z")
        for text in ("2026-03-02T10:00:00", "2026-02-30T10:00:00Z", "2026-03-02 10:00:00Z", "٢٠٢٦-03-02T10:00:00Z", ""):
            self.assertIsNone(parse_iso(text), text)

    def test_doubles_come_out_as_the_decimals_they_stand_for(self):
        for value, digits, text in [
            *[(2034.9, 2, "2034.90"), (0.1 + 0.2, 2, "0.30"), (1e-05, 0, "0.00001"), (1.085, 5, "1.08500")],
            *[(100.0, 0, "100"), (0.1, 0, "0.1"), (-0.0, 2, "0.00"), (-1e-12, 2, "0.00"), (-0.35, 2, "-0.35")],
            *[(1.1054333333333333, 5, "1.10543333"), (1234567890.12, 2, "1234567890.12"), (0.07, 0, "0.07")],
            *[(123456789012.34, 2, "123456789012.34"), (5, 2, "5.00")],
        ]:
            self.assertEqual(decimal_text(value, digits), text)
        for value in range(1, 20_000, 7):
            self.assertEqual(str(as_decimal(value / 1e5).normalize()), str(as_decimal(value).scaleb(-5).normalize()))
        self.assertIsNone(text_or_none(0.0, 5))
        for value in (float("nan"), float("inf"), 1e300):
            with self.assertRaises(ValueError):
                decimal_text(value)


if __name__ == "__main__":
    unittest.main()
