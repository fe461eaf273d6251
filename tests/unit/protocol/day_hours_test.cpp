#include "protocol/day_hours.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path;

BOOST_AUTO_TEST_SUITE(day_hours)

BOOST_AUTO_TEST_CASE(last_from_their_beginning_up_to_their_end) {
    struct Row {
        const char* hours;
        const char* at;
        bool open;
        unsigned wait;
    };
    for (const auto& row :
         {Row{"09:00-17:30", "09:00-23:59", true, 0}, Row{"09:00-17:30", "17:29-23:59", true, 0},
          Row{"09:00-17:30", "17:30-23:59", false, 15 * 60 + 30}, Row{"09:00-17:30", "08:59-23:59", false, 1},
          Row{"22:00-05:00", "22:00-23:59", true, 0}, Row{"22:00-05:00", "00:00-23:59", true, 0},
          Row{"22:00-05:00", "04:59-23:59", true, 0}, Row{"22:00-05:00", "05:00-23:59", false, 17 * 60}}) {
        BOOST_TEST_CONTEXT(row.hours << " at " << row.at) {
            const auto hours = DayHours::parse(row.hours).value();
            const auto minute = DayHours::parse(row.at).value().begin;
            BOOST_TEST(hours.contains(minute) == row.open);
            BOOST_TEST(hours.wait_from(minute) == row.wait);
            BOOST_TEST(hours.text() == row.hours);
        }
    }
}

BOOST_AUTO_TEST_CASE(are_written_in_one_way_only) {
    for (const char* text : {"", "9:00-17:00", "09:00", "09:00-09:00", "24:00-05:00", "09:60-10:00",
                             "09:00-17:00 ", "09.00-17.00", "ab:cd-ef:gh", "09:00--7:00", "-"})
        BOOST_TEST(!DayHours::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
