#include "update-module/doctor/finding.hpp"

#include "protocol/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <string_view>

namespace two_path::device {
namespace {

std::string_view name_of(Health health) {
    switch (health) {
    case Health::warning:
        return "warning";
    case Health::failed:
        return "failed";
    case Health::ok:
        break;
    }
    return "ok";
}

/// All as wide as the others.
std::string_view head_of(Health health) {
    switch (health) {
    case Health::warning:
        return "warning  ";
    case Health::failed:
        return "FAILED   ";
    case Health::ok:
        break;
    }
    return "ok       ";
}

std::string printable(std::string text) {
    std::ranges::replace_if(
        text,
        [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < 0x20 || byte == 0x7F;
        },
        '?');
    return text;
}

} // namespace

bool any_failed(const Findings& findings) {
    return std::ranges::any_of(findings, [](const Finding& one) { return one.health == Health::failed; });
}

std::string to_text(const Findings& findings) {
    std::string text;
    for (const auto& one : findings) {
        text.append(head_of(one.health)).append(printable(one.check + ": " + one.detail)).append("\n");
        if (one.health != Health::ok && !one.advice.empty())
            text.append("         ").append(printable(one.advice)).append("\n");
    }
    return text;
}

std::string to_json(const Findings& findings) {
    json::array checks;
    for (const auto& one : findings) {
        json::object check{
            {"check", one.check}, {"state", name_of(one.health)}, {"detail", printable(one.detail)}};
        if (!one.advice.empty()) check["advice"] = printable(one.advice);
        checks.emplace_back(std::move(check));
    }
    return json::serialize(checks) + "\n";
}

} // namespace two_path::device
