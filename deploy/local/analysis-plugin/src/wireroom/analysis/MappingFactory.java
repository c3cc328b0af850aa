package wireroom.analysis;

import java.io.Reader;
import java.util.List;

import org.apache.lucene.analysis.charfilter.MappingCharFilter;
import org.apache.lucene.analysis.charfilter.NormalizeCharMap;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.CharFilterFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.ListSetting;

/** The {@code mapping} char filter: {@code "from => to"}, with backslash escapes. */
@NamedComponent("mapping")
public final class MappingFactory implements CharFilterFactory {
    private static final String ARROW = "=>";

    private final NormalizeCharMap map;

    @Inject
    public MappingFactory(Settings settings) {
        NormalizeCharMap.Builder builder = new NormalizeCharMap.Builder();
        for (String rule : settings.mappings()) {
            int arrow = rule.lastIndexOf(ARROW);
            if (arrow < 0) {
                throw new IllegalArgumentException("mapping: no => in [" + rule + "]");
            }
            String from = rule.substring(0, arrow).strip();
            builder.add(unescape(from), unescape(rule.substring(arrow + ARROW.length()).strip()));
        }
        map = builder.build();
    }

    @Override
    public Reader create(Reader reader) {
        return new MappingCharFilter(map, reader);
    }

    @Override
    public Reader normalize(Reader reader) {
        return create(reader);
    }

    static String unescape(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            if (++at == text.length()) {
                throw new IllegalArgumentException("mapping: a lone backslash ends [" + text + "]");
            }
            switch (text.charAt(at)) {
                case 't' -> out.append('\t');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'u' -> {
                    if (at + 5 > text.length()) {
                        throw new IllegalArgumentException("mapping: a short \\u in [" + text + "]");
                    }
                    out.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                }
                default -> out.append(text.charAt(at));
            }
        }
        return out.toString();
    }

    @AnalysisSettings
    public interface Settings {
        @ListSetting(path = "mappings")
        List<String> mappings();
    }
}
