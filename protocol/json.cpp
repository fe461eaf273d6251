#include "protocol/json.hpp"

#include <boost/json/parse.hpp>

#include <cmath>

namespace two_path {
namespace {

constexpr std::uint64_t number_limit = std::uint64_t{1} << 53U;

std::optional<std::uint64_t> as_number(const json::value& value) {
    if (value.is_uint64() && value.get_uint64() < number_limit) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0 &&
        static_cast<std::uint64_t>(value.get_int64()) < number_limit)
        return static_cast<std::uint64_t>(value.get_int64());
    if (value.is_double()) {
        const double real = value.get_double();
        if (real >= 0 && real < static_cast<double>(number_limit) && std::floor(real) == real)
            return static_cast<std::uint64_t>(real);
    }
    return std::nullopt;
}

} // namespace

Result<json::object> parse_object(std::string_view text, std::string_view what) {
    json::parse_options options;
    options.max_depth = 16;
    boost::system::error_code ec;
    auto value = json::parse(text, ec, {}, options);
    if (ec) return fail(Errc::bad_request, std::string(what) + " is not JSON: " + ec.message());
    if (!value.is_object()) return fail(Errc::bad_request, std::string(what) + " is not a JSON object");
    return std::move(value.get_object());
}

json::array array_of(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

bool Fields::has(std::string_view name) const {
    return object_.contains(name);
}

void Fields::refuse(std::string detail) {
    if (ok()) error_ = fail(code_, what_ + ": " + detail);
}

void Fields::wrong(std::string_view name, std::string_view kind) {
    refuse("`" + std::string(name) + "` must be " + std::string(kind));
}

const json::value* Fields::find(std::string_view name, std::string_view kind) {
    const auto* value = object_.if_contains(name);
    if (value == nullptr)
        refuse("`" + std::string(name) + "` is missing, " + std::string(kind) + " is needed");
    return value;
}

std::string Fields::text(std::string_view name) {
    const auto* value = find(name, "a text");
    if (value == nullptr) return {};
    if (!value->is_string()) {
        wrong(name, "a text");
        return {};
    }
    return std::string(value->get_string());
}

std::string Fields::text_or(std::string_view name, std::string_view absent) {
    return has(name) ? text(name) : std::string(absent);
}

std::uint64_t Fields::number(std::string_view name) {
    const auto* value = find(name, "a number");
    if (value == nullptr) return 0;
    const auto number = as_number(*value);
    if (!number) wrong(name, "a whole number from 0 to 2^53 - 1");
    return number.value_or(0);
}

std::uint64_t Fields::number_or(std::string_view name, std::uint64_t absent) {
    return has(name) ? number(name) : absent;
}

double Fields::real_or(std::string_view name, double absent) {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return absent;
    if (!value->is_number()) {
        wrong(name, "a number");
        return absent;
    }
    return value->to_number<double>();
}

bool Fields::boolean_or(std::string_view name, bool absent) {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return absent;
    if (!value->is_bool()) {
        wrong(name, "true or false");
        return absent;
    }
    return value->get_bool();
}

std::vector<std::string> Fields::texts(std::string_view name) {
    std::vector<std::string> all;
    for (const auto& value : array(name)) {
        if (!value.is_string()) {
            wrong(name, "a list of texts");
            return {};
        }
        all.emplace_back(value.get_string());
    }
    return all;
}

std::vector<std::string> Fields::texts_or_none(std::string_view name) {
    return has(name) ? texts(name) : std::vector<std::string>{};
}

json::object Fields::object_or_empty(std::string_view name) {
    return has(name) ? object(name) : json::object{};
}

const json::object& Fields::object(std::string_view name) {
    static const json::object none;
    const auto* value = find(name, "an object");
    if (value == nullptr) return none;
    if (!value->is_object()) {
        wrong(name, "an object");
        return none;
    }
    return value->get_object();
}

const json::array& Fields::array(std::string_view name) {
    static const json::array none;
    const auto* value = find(name, "a list");
    if (value == nullptr) return none;
    if (!value->is_array()) {
        wrong(name, "a list");
        return none;
    }
    return value->get_array();
}

} // namespace two_path
