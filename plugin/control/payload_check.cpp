#include "plugin/control/payload_check.hpp"

#include "plugin/log.hpp"

#include <boost/asio/post.hpp>

#include <chrono>

namespace two_path::control {
namespace {

/// Whoever tampers with the second path can have devices complain without end.
constexpr std::chrono::milliseconds least_often{std::chrono::hours{1}};

void check(const catalog::Payloads& payloads, const std::string& id, const std::string& release) {
    const auto damaged = payloads.put_aside_if_damaged(id);
    if (!damaged)
        log(Level::warning, "whether a payload of release " + release +
                                " is damaged cannot be told: " + damaged.error().message());
    else if (*damaged)
        log(Level::error, "this disk has changed payload " + id + " of release " + release +
                              ": it is put aside as " + id +
                              ".damaged; look at the disk, and publish the release's files again");
}

} // namespace

PayloadCheck::PayloadCheck(Executors executors, state::Store& store, const catalog::Payloads& payloads)
  : executors_(std::move(executors))
  , store_(store)
  , payloads_(payloads) {}

void PayloadCheck::suspect(const std::string& release) {
    const auto found = store_.release(release);
    if (!found) return;
    const auto now = store_.clock().steady();
    std::erase_if(checked_, [&](const auto& one) { return now - one.second >= least_often.count(); });
    for (const auto& file : found->descriptor.files) {
        if (file.empty() || !checked_.try_emplace(file.id, now).second) continue;
        boost::asio::post(executors_.files,
                          [&payloads = payloads_, id = file.id, release] { check(payloads, id, release); });
    }
}

} // namespace two_path::control
