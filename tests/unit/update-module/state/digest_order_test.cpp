// The digest that a device asks for is the one it computes fastest.
#include "tests/unit/update-module/state/files.hpp"
#include "update-module/digest_order.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace two_path;
using device::fastest_digests;

namespace {

struct OrderFolder {
    tests::TemporaryFolder folder;
    std::string dir{folder.path().string()};
    std::string file{dir + "/digests.json"};

    /// What is kept, the other way round.
    void turn_around() const {
        auto kept = boost::json::parse(tests::contents(file)).as_object();
        auto& names = kept.at("fastest_first").as_array();
        std::reverse(names.begin(), names.end());
        tests::put(file, boost::json::serialize(kept));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(digest_order, OrderFolder)

BOOST_AUTO_TEST_CASE(has_every_digest_once) {
    auto order = fastest_digests(dir);
    std::ranges::sort(order);
    BOOST_TEST((order == std::vector<DigestKind>(all_digests.begin(), all_digests.end())));
}

BOOST_AUTO_TEST_CASE(begins_with_the_fastest) {
    for (const auto fastest : all_digests) {
        device::DigestSpeeds speeds{};
        speeds.fill(1e6);
        speeds[static_cast<std::size_t>(fastest)] = 1e9;
        BOOST_TEST((device::fastest_first(speeds).front() == fastest));
    }
}

BOOST_AUTO_TEST_CASE(is_measured_once) {
    auto turned = fastest_digests(dir);
    std::ranges::reverse(turned);
    turn_around();
    BOOST_TEST((fastest_digests(dir) == turned));
}

BOOST_AUTO_TEST_CASE(is_measured_anew_where_what_is_kept_cannot_be_used) {
    (void)fastest_digests(dir);
    const auto good = tests::contents(file);
    auto of_another = boost::json::parse(good).as_object();
    of_another["measured_by"] = "two-path 0.0";
    for (const auto& bad : {std::string("{"), std::string(R"({"fastest_first":["sha256"]})"),
                            boost::json::serialize(of_another), std::string(5000, ' ')}) {
        tests::put(file, bad);
        BOOST_TEST(fastest_digests(dir).size() == all_digests.size());
        BOOST_TEST(boost::json::parse(tests::contents(file)).at("measured_by") ==
                   boost::json::parse(good).at("measured_by"));
    }
}

BOOST_AUTO_TEST_CASE(does_not_need_to_be_kept) {
    const auto missing = dir + "/missing";
    BOOST_TEST(fastest_digests(missing).size() == all_digests.size());
    BOOST_TEST(!std::filesystem::exists(missing));
}

BOOST_AUTO_TEST_SUITE_END()
