#include "plugin/host/embedded/canonical.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <vector>

namespace two_path::host::embedded {
namespace {

json::value sorted(const json::value& value) {
    if (const auto* list = value.if_array()) {
        json::array all;
        for (const auto& element : *list)
            all.push_back(sorted(element));
        return all;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return value;
    std::vector<const json::key_value_pair*> pairs;
    for (const auto& pair : *object)
        pairs.push_back(&pair);
    std::sort(pairs.begin(), pairs.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
    json::object ordered;
    for (const auto* pair : pairs)
        ordered.emplace(pair->key(), sorted(pair->value()));
    return ordered;
}

} // namespace

std::string canonical(const json::value& value) {
    return json::serialize(sorted(value));
}

} // namespace two_path::host::embedded
