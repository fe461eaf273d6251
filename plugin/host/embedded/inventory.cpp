#include "plugin/host/embedded/inventory.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_attributes = 500;
constexpr std::size_t max_attribute_name = 256;
constexpr std::size_t max_value = 16 * 1024;
constexpr std::size_t max_group = 128;

bool is_attribute_value(const json::value& value) {
    const auto* list = value.if_array();
    return list == nullptr ? is_plain(value) : std::all_of(list->begin(), list->end(), is_plain);
}

Error wrong(const std::string& what) {
    return fail(Errc::bad_request, "the inventory: " + what);
}

Result<Attribute> parse_attribute(const json::value& entry) {
    const auto* object = entry.if_object();
    if (object == nullptr) return wrong("each attribute must be an object");
    const auto* name = object->if_contains("name");
    const auto* value = object->if_contains("value");
    if (name == nullptr || !name->is_string() || name->get_string().empty() ||
        name->get_string().size() > max_attribute_name)
        return wrong("each attribute needs a `name` of 1 to " + std::to_string(max_attribute_name) +
                     " bytes");
    if (value == nullptr || !is_attribute_value(*value))
        return wrong("each `value` must be a text, a number or a list of these");
    if (json::serialize(*value).size() > max_value)
        return wrong("a `value` is over " + std::to_string(max_value) + " bytes");
    return Attribute{std::string(name->get_string()), *value, 0};
}

} // namespace

bool is_plain(const json::value& value) noexcept {
    return value.is_string() || value.is_number() || value.is_bool();
}

Result<std::vector<Attribute>> parse_attributes(const json::value& body) {
    const auto* list = body.if_array();
    if (list == nullptr) return wrong("a list is needed");
    if (list->size() > max_attributes) return wrong("over " + std::to_string(max_attributes) + " attributes");
    std::vector<Attribute> attributes;
    for (const auto& entry : *list) {
        auto attribute = parse_attribute(entry);
        if (!attribute) return attribute.error();
        attributes.push_back(std::move(*attribute));
    }
    return attributes;
}

Result<void> store_attributes(state::Database& database, const std::string& device,
                              const std::vector<Attribute>& attributes, bool whole, std::int64_t now) {
    state::Transaction transaction(database);
    if (whole) database.query("DELETE FROM attributes WHERE device = ?").with(device).run();
    for (const auto& attribute : attributes)
        database
            .query("INSERT INTO attributes (device, name, value, updated) VALUES (?, ?, ?, ?) "
                   "ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated")
            .with(device, attribute.name, json::serialize(attribute.value), now)
            .run();
    {
        auto counted = database.query("SELECT count(*) FROM attributes WHERE device = ?");
        counted.bind(device);
        if (counted.next() && counted.number(0) > static_cast<std::int64_t>(max_attributes))
            return fail(Errc::too_large, "over " + std::to_string(max_attributes) + " attributes");
    }
    database.query("UPDATE devices SET updated = ? WHERE id = ?").with(now, device).run();
    transaction.commit();
    return {};
}

std::vector<Attribute> attributes_of(state::Database& database, const std::string& device) {
    auto rows = database.query("SELECT name, value, updated FROM attributes WHERE device = ? ORDER BY name");
    rows.bind(device);
    std::vector<Attribute> attributes;
    while (rows.next())
        attributes.push_back({rows.text(0), json::parse(rows.text(1)), rows.number(2)});
    return attributes;
}

bool is_group_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= max_group && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    });
}

std::vector<std::string> group_names(state::Database& database) {
    auto rows = database.query(
        "SELECT DISTINCT group_name FROM devices WHERE group_name IS NOT NULL ORDER BY group_name");
    std::vector<std::string> names;
    while (rows.next())
        names.push_back(rows.text(0));
    return names;
}

bool set_group(state::Database& database, const std::string& device, const std::string& group,
               std::int64_t now) {
    const auto name = group.empty() ? std::nullopt : std::optional(group);
    database.query("UPDATE devices SET group_name = ?, updated = ? WHERE id = ?")
        .with(name, now, device)
        .run();
    return database.changes() > 0;
}

} // namespace two_path::host::embedded
