#include "update-module/digest_order.hpp"

#include "protocol/json.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/log.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ctime>

#include <openssl/crypto.h>

namespace two_path::device {
namespace {

constexpr std::size_t max_order_file = 4096;
constexpr double round_seconds = 0.015; ///< of processor time
constexpr int rounds = 3;

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Bytes per second of one round.
double speed_of(DigestKind kind, const Bytes& block) {
    Digest digest(kind);
    const auto start = cpu_seconds();
    double bytes = 0;
    double took = 0;
    while (took < round_seconds) {
        digest.update(block);
        bytes += static_cast<double>(block.size());
        took = cpu_seconds() - start;
    }
    return bytes / took;
}

std::vector<DigestKind> measure() {
    const Bytes block(128 * 1024);
    DigestSpeeds best{};
    // In turns, the best of each: a clock that changes its speed meanwhile favours none.
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < all_digests.size(); ++i)
            best[i] = std::max(best[i], speed_of(all_digests[i], block));
    return fastest_first(best);
}

std::string measured_by() {
    return "two-path " TWO_PATH_VERSION ", " + std::string(OpenSSL_version(OPENSSL_VERSION));
}

/// Empty when nothing of use is kept.
std::vector<DigestKind> read_order(const std::string& path) {
    const auto text = read_small_file(path, max_order_file);
    if (!text || !*text) return {};
    const auto object = parse_object(**text, path);
    if (!object) return {};
    Fields fields(*object, path);
    if (fields.text_or("measured_by", "") != measured_by()) return {};
    std::vector<DigestKind> order;
    for (const auto& name : fields.texts_or_none("fastest_first"))
        if (const auto kind = digest_from_name(name); kind && std::ranges::find(order, *kind) == order.end())
            order.push_back(*kind);
    if (!fields.ok() || order.size() != all_digests.size()) return {};
    return order;
}

} // namespace

std::vector<DigestKind> fastest_first(const DigestSpeeds& speeds) {
    std::vector<DigestKind> order(all_digests.begin(), all_digests.end());
    std::ranges::stable_sort(order, std::greater{},
                             [&](DigestKind kind) { return speeds[static_cast<std::size_t>(kind)]; });
    return order;
}

std::vector<DigestKind> fastest_digests(const std::string& state_dir) {
    const auto path = state_dir + "/digests.json";
    if (auto kept = read_order(path); !kept.empty()) return kept;
    auto order = measure();
    json::array names;
    for (const auto kind : order)
        names.emplace_back(name_of(kind));
    const json::object object{{"measured_by", measured_by()}, {"fastest_first", std::move(names)}};
    if (auto written = replace_file(path, json::serialize(object)); !written) say(written.error().message());
    return order;
}

} // namespace two_path::device
