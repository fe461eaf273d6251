#include "plugin/cli/session_text.hpp"

#include "plugin/cli/print.hpp"
#include "plugin/control/one_line.hpp"
#include "protocol/session_state.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

namespace two_path::cli {
namespace {

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

void print_field(std::ostream& out, const char* name, const std::string& value) {
    if (!value.empty()) out << padded(name, 12) << control::one_line(value, 4096) << '\n';
}

std::string seconds_text(const json::object& session, const char* field) {
    const auto* value = session.if_contains(field);
    boost::system::error_code ec;
    const double taken = value == nullptr ? 0 : value->to_number<double>(ec);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", ec ? 0.0 : taken);
    return text.data();
}

std::string transfer_text(const json::object& session) {
    if (!session.contains("bytes")) return {};
    auto text = human_size(number_of(session, "bytes")) + " over " + text_of(session, "path") + " in " +
                seconds_text(session, "seconds") + ", " + seconds_text(session, "cpu_seconds") +
                " of CPU on the device, checked with " + text_of(session, "digest");
    if (const auto kept = number_of(session, "resumed"); kept != 0)
        text += "; " + human_size(kept) + " kept from before";
    if (const auto twice = number_of(session, "fetched_twice"); twice != 0)
        text += "; " + human_size(twice) + " fetched twice";
    return text;
}

} // namespace

std::string reason_text(const json::object& session) {
    auto text = text_of(session, "reason");
    if (session.contains("redeployment")) text += ", ordered again";
    return text;
}

std::string progress_text(const json::object& session) {
    const auto total = number_of(session, "total");
    if (total == 0) return {};
    const auto sent = std::min(number_of(session, "sent"), total);
    const auto percent =
        static_cast<unsigned>(100.0 * static_cast<double>(sent) / static_cast<double>(total));
    return human_size(sent) + " of " + human_size(total) + " (" + std::to_string(percent) + " %)";
}

bool has_ended(const json::object& session) {
    const auto state = session_state_from_name(text_of(session, "state"));
    return state && is_final(*state);
}

bool is_moving(const json::object& session) {
    return text_of(session, "state") == name_of(SessionState::transferring);
}

std::string event_line(const json::object& event) {
    auto line = local_time(text_of(event, "time")) + "  " + padded(text_of(event, "state"), 13) + " by the " +
                text_of(event, "cause");
    if (const auto detail = text_of(event, "detail"); !detail.empty()) line += ": " + detail;
    return control::one_line(line, 4096);
}

std::string session_line(const json::object& session) {
    auto line = local_time(text_of(session, "changed")) + "  " + text_of(session, "id") + "  " +
                text_of(session, "device") + "  " + text_of(session, "release") + "  " +
                text_of(session, "state");
    if (is_moving(session)) line += "  " + progress_text(session);
    if (const auto reason = reason_text(session); !reason.empty()) line += "  " + reason;
    return control::one_line(line, 4096);
}

void print_summary(std::ostream& out, const json::object& session) {
    print_field(out, "session", text_of(session, "id"));
    print_field(out, "device", text_of(session, "device"));
    print_field(out, "release", text_of(session, "release"));
    const auto before = text_of(session, "device_version");
    print_field(out, "version", (before.empty() ? "?" : before) + " -> " + text_of(session, "version"));
    print_field(out, "deployment", text_of(session, "deployment"));
    print_field(out, "carried", progress_text(session));
    out << '\n';
}

void print_ending(std::ostream& out, const json::object& session) {
    out << '\n';
    print_field(out, "state", text_of(session, "state"));
    print_field(out, "reported", text_of(session, "reported_version"));
    print_field(out, "transfer", transfer_text(session));
    print_field(out, "reason", text_of(session, "reason"));
    print_field(out, "meaning", text_of(session, "meaning"));
    print_field(out, "where", text_of(session, "stage"));
    print_field(out, "detail", text_of(session, "detail"));
    print_field(out, "advice", text_of(session, "advice"));
}

} // namespace two_path::cli
