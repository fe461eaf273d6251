/// Ranges of files, as RFC 9110 section 14 has them, and the conditions before them.
#include "plugin/control/file_answer.hpp"

#include "tests/support/open_body.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <ostream>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(file_answer)

namespace {

namespace data = boost::unit_test::data;
using Asked = std::variant<WholeFile, ByteRange, NotSatisfiable>;

struct RangeCase {
    const char* header;
    std::uint64_t size;
    Asked asked;
};
std::ostream& operator<<(std::ostream& out, const RangeCase& row) {
    return out << row.header << " of " << row.size;
}

const RangeCase ranges[]{
    {"bytes=0-0", 10, ByteRange{0, 1}},
    {"bytes=0-", 10, ByteRange{0, 10}},
    {"bytes=3-5", 10, ByteRange{3, 3}},
    {"bytes=3-500", 10, ByteRange{3, 7}},
    {"bytes=9-9", 10, ByteRange{9, 1}},
    {"bytes=-3", 10, ByteRange{7, 3}},
    {"bytes=-30", 10, ByteRange{0, 10}},
    {" bytes= 2-4 ", 10, ByteRange{2, 3}},
    {"bytes=0-99999999999999999999999", 10, ByteRange{0, 10}},
    {"bytes=10-", 10, NotSatisfiable{}},
    {"bytes=10-20", 10, NotSatisfiable{}},
    {"bytes=99999999999999999999999-", 10, NotSatisfiable{}},
    {"bytes=-0", 10, NotSatisfiable{}},
    {"bytes=0-", 0, NotSatisfiable{}},
    {"bytes=-1", 0, NotSatisfiable{}},
    {"", 10, WholeFile{}},
    {"bytes=", 10, WholeFile{}},
    {"bytes=-", 10, WholeFile{}},
    {"bytes=5", 10, WholeFile{}},
    {"bytes=5-3", 10, WholeFile{}},
    {"bytes=a-b", 10, WholeFile{}},
    {"bytes=1-2,4-5", 10, WholeFile{}},
    {"bytes=+1-2", 10, WholeFile{}},
    {"bytes=1-2-3", 10, WholeFile{}},
    {"lines=1-2", 10, WholeFile{}},
};

/// A file of ten bytes, opened.
struct TenBytes {
    TenBytes() {
        std::ofstream(folder / "ten") << "0123456789";
        body = tests::open_body(folder / "ten");
    }
    Response answer(const Headers& headers, const std::string& method = "GET") const {
        Request request;
        request.method = method;
        request.headers = headers;
        return answer_with_file(request, body, "application/octet-stream", "\"tag\"");
    }
    tests::TemporaryFolder folder;
    FileBody body;
};

} // namespace

BOOST_DATA_TEST_CASE(range_headers_are_read, data::make(ranges), row) {
    BOOST_CHECK(parse_range(row.header, row.size) == row.asked);
}

BOOST_FIXTURE_TEST_CASE(whole_file_without_a_range, TenBytes) {
    const auto response = answer({});
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.file->offset == 0U);
    BOOST_TEST(response.file->size == 10U);
    BOOST_TEST(response.headers.at("Accept-Ranges") == "bytes");
    BOOST_TEST(response.headers.at("ETag") == "\"tag\"");
    BOOST_TEST(!response.headers.contains("Content-Range"));
}

BOOST_FIXTURE_TEST_CASE(range_of_a_part_of_a_file_stays_within_it, TenBytes) {
    body.offset = 2;
    body.size = 5;
    const auto response = answer({{"Range", "bytes=1-"}});
    BOOST_TEST(response.status == 206U);
    BOOST_TEST(response.file->offset == 3U);
    BOOST_TEST(response.file->size == 4U);
    BOOST_TEST(response.headers.at("Content-Range") == "bytes 1-4/5");
}

BOOST_FIXTURE_TEST_CASE(range_beyond_the_end_is_416_with_the_size, TenBytes) {
    const auto response = answer({{"Range", "bytes=10-"}});
    BOOST_TEST(response.status == 416U);
    BOOST_TEST(response.headers.at("Content-Range") == "bytes */10");
    BOOST_TEST(!response.file);
}

BOOST_FIXTURE_TEST_CASE(range_counts_only_for_get_and_for_the_same_content, TenBytes) {
    BOOST_TEST(answer({{"Range", "bytes=1-"}}, "HEAD").status == 200U);
    BOOST_TEST(answer({{"Range", "bytes=1-"}, {"If-Range", "\"tag\""}}).status == 206U);
    BOOST_TEST(answer({{"Range", "bytes=1-"}, {"If-Range", "\"other\""}}).status == 200U);
    BOOST_TEST(answer({{"Range", "bytes=1-"}, {"If-Range", "W/\"tag\""}}).status == 200U);
    BOOST_TEST(answer({{"Range", "bytes=1-"}, {"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status == 200U);
}

BOOST_FIXTURE_TEST_CASE(content_that_the_client_has_is_not_sent_again, TenBytes) {
    const auto response = answer({{"If-None-Match", "\"a\", W/\"tag\""}});
    BOOST_TEST(response.status == 304U);
    BOOST_TEST(!response.file);
    BOOST_TEST(answer({{"If-None-Match", "\"a\""}}).status == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
