#include "plugin/host/mender/token_cache.hpp"

namespace two_path::host::mender {
namespace {

std::string digest_of_token(std::string_view token) {
    const auto digest = digest_of(DigestKind::sha256, bytes_of(token));
    const auto bytes = digest.view();
    return {bytes.begin(), bytes.end()};
}

} // namespace

std::optional<Result<std::string>> TokenCache::find(std::string_view token, std::int64_t now) const {
    const auto found = by_digest_.find(digest_of_token(token));
    if (found == by_digest_.end() || now >= found->second->until) return std::nullopt;
    return found->second->answer;
}

void TokenCache::keep(std::string_view token, const Result<std::string>& answer, std::int64_t now) {
    auto digest = digest_of_token(token);
    if (const auto known = by_digest_.find(digest); known != by_digest_.end()) {
        entries_.erase(known->second);
        by_digest_.erase(known);
    }
    while (!entries_.empty() && (entries_.front().until <= now || entries_.size() >= max_tokens))
        drop_oldest();
    entries_.push_back({digest, answer, now + kept_for_});
    by_digest_.emplace(std::move(digest), std::prev(entries_.end()));
}

void TokenCache::drop_oldest() {
    by_digest_.erase(entries_.front().digest);
    entries_.pop_front();
}

} // namespace two_path::host::mender
