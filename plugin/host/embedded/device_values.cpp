#include "plugin/host/embedded/device_values.hpp"

#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/timestamp.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace two_path::host::embedded {
namespace {

constexpr std::int64_t max_device_tags = 20; // as Mender's
constexpr std::size_t max_tag_description = 1024;

/// One of the host's own values of the table `devices`.
std::string own(const std::string& scope_and_name, const std::string& value) {
    return " UNION ALL SELECT id, " + scope_and_name + ", json_quote(" + value + "), '', NULL FROM devices";
}

/// As rfc3339() writes it.
std::string time(const std::string& column) {
    return "strftime('%Y-%m-%dT%H:%M:%fZ', " + column + " / 1000.0, 'unixepoch')";
}

} // namespace

std::string with_device_values(std::string_view select) {
    // No view of the schema: SQLite does not let an untrusted schema call functions on JSON.
    return "WITH device_values (device, scope, name, value, description, updated) AS NOT MATERIALIZED ("
           "SELECT device, 'inventory', name, value, '', updated FROM attributes"
           " UNION ALL SELECT device, 'tags', name, value, description, updated FROM tags"
           " UNION ALL SELECT d.id, 'identity', j.key, CASE WHEN j.type IN ('object', 'array') THEN j.value"
           " ELSE json_quote(j.value) END, '', NULL FROM devices d, json_each(d.identity_data) j"
           " UNION ALL SELECT id, 'identity', 'status', json_quote(status), '', NULL FROM device_statuses" +
           own("'system', 'created_ts'", time("created")) + own("'system', 'updated_ts'", time("updated")) +
           own("'system', 'check_in_time'", time("checked_in")) + own("'system', 'group'", "group_name") +
           " WHERE group_name IS NOT NULL) " + std::string(select);
}

std::string value_of_device(const std::string& scope, const std::string& name) {
    const auto said = [&name](const std::string& table) {
        return "(SELECT value FROM " + table + " WHERE device = d.id AND name = " + name + ")";
    };
    return "CASE " + scope + " WHEN 'inventory' THEN " + said("attributes") + " WHEN 'tags' THEN " +
           said("tags") + " WHEN 'identity' THEN CASE " + name +
           " WHEN 'status' THEN (SELECT json_quote(status) FROM device_statuses WHERE id = d.id)"
           " ELSE (SELECT CASE WHEN type IN ('object', 'array') THEN value ELSE json_quote(value) END"
           " FROM json_each(d.identity_data) WHERE key = " +
           name +
           ") END"
           " WHEN 'system' THEN CASE " +
           name +
           " WHEN 'group' THEN (SELECT json_quote(d.group_name) WHERE d.group_name IS NOT NULL)"
           " WHEN 'created_ts' THEN json_quote(" +
           time("d.created") +
           ")"
           " WHEN 'updated_ts' THEN json_quote(" +
           time("d.updated") +
           ")"
           " WHEN 'check_in_time' THEN json_quote(" +
           time("d.checked_in") + ") END END";
}

std::vector<DeviceValue> values_of(state::Database& database, const std::string& device) {
    static const auto statement = with_device_values(
        "SELECT scope, name, value, description, updated FROM device_values WHERE device = ? "
        "ORDER BY scope, name");
    auto rows = database.query(statement);
    rows.bind(device);
    std::vector<DeviceValue> values;
    while (rows.next())
        values.push_back(
            {rows.text(0), rows.text(1), json::parse(rows.text(2)), rows.text(3), rows.number_or_none(4)});
    return values;
}

json::object describe(const DeviceValue& value) {
    json::object shown{{"name", value.name}, {"value", value.value}, {"scope", value.scope}};
    if (!value.description.empty()) shown["description"] = value.description;
    if (value.updated) shown["timestamp"] = rfc3339(*value.updated);
    return shown;
}

json::object describe(state::Database& database, const Device& device) {
    json::array attributes;
    for (const auto& value : values_of(database, device.id))
        attributes.push_back(describe(value));
    return {
        {"id", device.id}, {"attributes", std::move(attributes)}, {"updated_ts", rfc3339(device.updated)}};
}

Result<std::vector<Tag>> parse_tags(const json::value& body) {
    auto attributes = parse_attributes(body);
    if (!attributes) return attributes.error();
    std::vector<Tag> tags;
    for (std::size_t i = 0; i < attributes->size(); ++i) {
        Fields fields(body.get_array()[i].get_object(), "the tag");
        auto description = fields.text_or("description", "");
        if (description.size() > max_tag_description)
            fields.refuse("`description` is over " + std::to_string(max_tag_description) + " bytes");
        if (!fields.ok()) return fields.error();
        auto& attribute = (*attributes)[i];
        tags.push_back({std::move(attribute.name), std::move(attribute.value), std::move(description)});
    }
    return tags;
}

Result<void> store_tags(state::Database& database, const std::string& device, const std::vector<Tag>& tags,
                        bool whole, std::int64_t now) {
    if (whole) database.query("DELETE FROM tags WHERE device = ?").with(device).run();
    for (const auto& tag : tags)
        database
            .query("INSERT OR REPLACE INTO tags (device, name, value, description, updated) "
                   "VALUES (?, ?, ?, ?, ?)")
            .with(device, tag.name, json::serialize(tag.value), tag.description, now)
            .run();
    auto counted = database.query("SELECT count(*) FROM tags WHERE device = ?");
    counted.bind(device);
    if (counted.next() && counted.number(0) > max_device_tags)
        return fail(Errc::too_large, "a device has at most " + std::to_string(max_device_tags) + " tags");
    return {};
}

std::string tags_entity_tag(state::Database& database, const std::string& device) {
    auto rows = database.query("SELECT name, value, description FROM tags WHERE device = ? ORDER BY name");
    rows.bind(device);
    json::array all;
    while (rows.next())
        all.push_back(json::array{rows.text(0), rows.text(1), rows.text(2)});
    return entity_tag(json::serialize(all));
}

} // namespace two_path::host::embedded
