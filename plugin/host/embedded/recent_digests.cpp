#include "plugin/host/embedded/recent_digests.hpp"

#include <algorithm>
#include <utility>

namespace two_path::host::embedded {

RecentDigests::Key RecentDigests::key_of(const DigestValue& sha256) {
    Key key{};
    const auto bytes = sha256.view();
    std::copy_n(bytes.begin(), std::min(bytes.size(), key.size()), key.begin());
    return key;
}

bool RecentDigests::contains(const DigestValue& sha256) const {
    const auto key = key_of(sha256);
    return young_.contains(key) || old_.contains(key);
}

void RecentDigests::add(const DigestValue& sha256) {
    if (young_.size() >= capacity_) old_ = std::exchange(young_, {});
    young_.insert(key_of(sha256));
}

} // namespace two_path::host::embedded
