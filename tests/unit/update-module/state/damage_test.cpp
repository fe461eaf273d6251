// Whatever the storage makes of a file of ours: it reads as what was written, or not at all.
#include "tests/unit/update-module/state/files.hpp"

#include "protocol/certification.hpp"
#include "update-module/committed.hpp"
#include "update-module/last_result.hpp"
#include "update-module/owed_reports.hpp"
#include "update-module/record.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>

using namespace two_path;
using namespace two_path::device;
using tests::contents;
using tests::put;

namespace {

/// Cut off at each byte, each bit turned, zeros or noise from each byte on.
std::vector<std::string> damages_of(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < text.size(); ++i) {
        all.push_back(text.substr(0, i));
        for (unsigned bit = 0; bit < 8; ++bit) {
            all.push_back(text);
            all.back()[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^ (1U << bit));
        }
        all.push_back(text.substr(0, i) + std::string(text.size() - i, '\0'));
        all.push_back(text.substr(0, i) + std::string(text.size() - i, '\xA5'));
    }
    return all;
}

/// `read`: what is made of a text; empty when nothing is.
void never_reads_another(const std::string& written,
                         const std::function<std::string(const std::string&)>& read) {
    const auto meant = read(written);
    BOOST_REQUIRE(!meant.empty());
    std::size_t refused = 0;
    for (const auto& damaged : damages_of(written)) {
        const auto found = read(damaged);
        BOOST_REQUIRE_MESSAGE(found.empty() || found == meant, damaged << "\nreads as\n" << found);
        refused += found.empty() ? 1 : 0;
    }
    // What may be believed is turned case in the seal's name and the like: what the seal is of is whole.
    BOOST_TEST(refused > damages_of(written).size() * 9 / 10);
}

messages::TransferReport transfer() {
    return {3'145'728, 1'048'576, 5, 1.5, 0.1, "blake2b512", "ftp"};
}

Record whole_record() {
    Record record;
    record.attempt = make_nonce();
    record.session = make_nonce();
    record.release = "app-2.0";
    record.version = "2.0";
    record.stream = "app";
    record.sequence = 7;
    record.installer = "single-file";
    record.reboot = "always";
    record.version_file = "/etc/app:VERSION";
    record.files = {std::string(64, 'a')};
    record.boot_id = "boot-1";
    record.certification = Certification::make().text();
    record.transfer = transfer();
    for (const auto done : {Done::stored, Done::committing, Done::committed, Done::rolled_back})
        record.set(done);
    return record;
}

} // namespace

BOOST_AUTO_TEST_SUITE(damaged_files)

BOOST_AUTO_TEST_CASE(no_damage_makes_another_record) {
    const tests::TemporaryFolder folder;
    RecordFile file(folder.path().string());
    BOOST_REQUIRE(file.write_then(whole_record(), [] { return Result<void>{}; }));
    never_reads_another(contents(folder.path() / "record.json"), [](const std::string& text) -> std::string {
        const auto read = Record::parse(text);
        return read ? json::serialize(read->to_json()) : "";
    });
}

BOOST_AUTO_TEST_CASE(no_damage_lets_an_older_release_in) {
    const tests::TemporaryFolder folder;
    const auto dir = folder.path().string();
    BOOST_REQUIRE(write_committed(dir, "app", 1234));
    const auto read = [&dir]() -> std::string {
        const auto sequences = read_committed(dir);
        if (!sequences) return "";
        return sequences->size() == 1 ? std::to_string(sequences->at("app")) : "another stream";
    };
    const auto written = contents(dir + "/committed.json");
    for (const auto& damaged : damages_of(written)) {
        put(dir + "/committed.json", damaged);
        BOOST_REQUIRE_EQUAL(read(), "1234"); // by its copy
    }
    never_reads_another(written, [&](const std::string& text) {
        for (const auto* name : {"/committed.json", "/committed.copy.json"})
            put(dir + name, text);
        return read();
    });
}

BOOST_AUTO_TEST_CASE(no_damage_makes_another_report) {
    const tests::TemporaryFolder folder;
    OwedReports owed(folder.path().string());
    BOOST_REQUIRE(owed.add({make_nonce(), messages::Progress{SessionStep::rolled_back, false}}));
    const auto path = owed.list().front().path;
    never_reads_another(contents(path), [&](const std::string& text) -> std::string {
        put(path, text);
        const auto list = owed.list();
        if (list.empty()) return "";
        const auto& report = list.front().report;
        return report.session + json::serialize(std::get<messages::Progress>(report.report).to_json());
    });
}

BOOST_AUTO_TEST_CASE(no_damage_makes_another_last_result) {
    const tests::TemporaryFolder folder;
    const auto dir = folder.path().string();
    BOOST_REQUIRE(write_last_result(dir, result_of(whole_record(), 1'800'014'400)));
    never_reads_another(contents(dir + "/last.json"), [&](const std::string& text) -> std::string {
        put(dir + "/last.json", text);
        const auto last = read_last_result(dir);
        return last ? json::serialize(to_json(last)) : "";
    });
}

BOOST_AUTO_TEST_SUITE_END()
