"""Envoy and Caddy."""

from messages import snippet
from peers import PAGES, PLAIN, TLS, Started, lua_tables, named_ports, plain_or_tls
from processes import Running, filled

TYPE = '"@type": type.googleapis.com/envoy.extensions'
GZIP = f"{TYPE}.compression.gzip"


def script(text):
    """Envoy's Lua filter with a script as a block of its configuration."""
    block = "\n".join(" " * 16 + line for line in text.splitlines())
    return f"          - name: envoy.filters.http.lua\n            typed_config:\n              {TYPE}.filters.http.lua.v3.Lua\n              default_source_code:\n               inline_string: |\n{block}"


def page_filters():
    """What changes a page; what decodes it, on a hop of its own; and what changes and encodes it: answers pass from the last to the first."""
    change = script(filled("envoy-page.lua", {"snippet": snippet().decode()}))
    library = "{ name: gzip, typed_config: { %s } }"
    encode = library % f"{GZIP}.compressor.v3.Gzip, memory_level: 9, window_bits: 15, compression_level: COMPRESSION_LEVEL_1, chunk_size: 16384"
    decode = library % f"{GZIP}.decompressor.v3.Gzip, window_bits: 15, chunk_size: 16384"
    filters = "          - name: envoy.filters.http.%s\n            typed_config: { " + f"{TYPE}.filters.http." + "%s, %s_library: %s }"
    decoding = filters % ("decompressor", "decompressor.v3.Decompressor", "decompressor", decode)
    encoding = filters % ("compressor", "compressor.v3.Compressor", "compressor", encode)
    return change, decoding, encoding + "\n" + change


class Envoy:
    can, cannot = PLAIN + ["W2"] + PAGES + TLS, {}
    key, title = "envoy", "Envoy with Lua"

    def start(self, place, cores):
        ports = named_ports("plain", "tls", "cookies", "page", "encoded")
        page, decoding, encoded = page_filters()
        filters = {
            "plain": "", "tls": "", "cookies": script(filled("envoy-cookies.lua", lua_tables())), "page": page, "encoded": encoded, "second_hop": decoding,
        }
        transport = (
            f"{{ name: tls, typed_config: {{ {TYPE}.transport_sockets.tls.v3.DownstreamTlsContext, common_tls_context: {{"
            ' tls_params: { tls_minimum_protocol_version: TLSv1_3 }, alpn_protocols: ["h2", "http/1.1"],'
            f' tls_certificates: [{{ certificate_chain: {{ filename: "{place.certificate}" }}, private_key: {{ filename: "{place.key}" }} }}] }} }} }}'
        )
        # Behind the decompressor on the same hop the Lua filter waits for a body's end that never comes, so pages take a second hop.
        pipe = f"pipe: {{ path: {place.folder}/envoy.sock }}"
        addresses = {name: f"socket_address: {{ address: 127.0.0.1, port_value: {port} }}" for name, port in ports.items()} | {"second_hop": pipe}
        listeners = [
            filled("envoy-listener.yaml", {
                "listener": name, "address": address, "filters": filters[name], "transport": transport if name == "tls" else "null",
                "cluster": "second_hop" if name == "encoded" else "site", "remote": str(name != "second_hop").lower(),
            })
            for name, address in addresses.items()
        ]
        path = place.write("envoy.yaml", "envoy.yaml", {"listeners": "".join(listeners), "origin": place.origin, "pipe": pipe})
        command = [place.machine.envoy, "-c", path, "--concurrency", 1, "--disable-hot-restart", "-l", "error"]
        by_work = {"W2": "cookies", "W3": "page", "W4": "encoded", "W4s": "encoded"}
        port = lambda work: ports["tls" if work.tls else by_work.get(work.key, "plain")]
        return Started(Running("envoy", command, cores, place.folder, ports.values()), port)


class Caddy:
    can = PLAIN + TLS
    cannot = {
        "W2": "its header_down leaves an empty `Set-Cookie` line where it takes one out",
        "W3": "changing bodies needs a plugin that the program does not have",
        "W4": "as W3", "W4s": "as W3",
    }
    key, title = "caddy", "Caddy"

    def start(self, place, cores):
        ports = named_ports("plain", "tls")
        path = place.write("Caddyfile", "Caddyfile", place.values(self.key, ports))
        environment = {"GOMAXPROCS": "1", "XDG_DATA_HOME": str(place.folder), "XDG_CONFIG_HOME": str(place.folder), "HOME": str(place.folder)}
        command = [place.machine.caddy, "run", "--config", path, "--adapter", "caddyfile"]
        return Started(Running(self.key, command, cores, place.folder, ports.values(), environment), plain_or_tls(ports))
