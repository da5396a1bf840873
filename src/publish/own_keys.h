// Which keys of a store are SeekFS's own, by their form alone.
#pragma once

#include <string_view>

namespace seekfs::publish {

/// Keys that publishing never adopts: a namespace's HEAD, manifests, objects, .seekfs folder and files of the older
/// form, and the .seekfs folder of the store itself.
bool is_own_key(std::string_view key);

/// Keys of content that publish writes into namespace `ns`: objects/{hex[0:2]}/{hex} and files/{path}/v-{hex}. Nothing
/// else is ever deleted by gc, manifests apart.
bool is_content_key(std::string_view ns, std::string_view key);

}  // namespace seekfs::publish
