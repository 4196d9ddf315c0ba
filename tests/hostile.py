"""A document that tries to load, run, cover, link, reorder and break whatever shows it; it would call BEACON."""

BEACON = "http://127.0.0.1:9/beacon"

HOSTILE = "\n".join(
    (
        "  Leading spaces, a\ttab and trailing spaces.   ",
        "",
        "   \t ",
        f"<script>document.title='run'; fetch('{BEACON}/script')</script>",
        f"<img src='{BEACON}/img' onerror=\"document.title='run'\">",
        f"![markdown image]({BEACON}/markdown.png)",
        "[link](javascript:document.title='run') <a href=\"javascript:document.title='run'\">click</a>",
        f"<div style=\"background:url('{BEACON}/css')\">css</div><style>@import url({BEACON}/import);</style>",
        f"<form action='{BEACON}/form'><input name=q><button>go</button></form>",
        "<div style='position:fixed;inset:0;z-index:99999;background:red'>overlay</div>",
        f"<iframe src='{BEACON}/frame'></iframe><svg onload=\"document.title='run'\"></svg>",
        "</span></div></section><h1>closed</h1> &lt;b&gt; &amp;amp; &#0; <!-- comment",
        "# heading **bold** `code` $x^2$ :material/home: :red[colour] {{ template }} ${code}",
        "HALFWAY",
        "file \u202egpj.exe\u202c and \u2066isolate\u2069 and \u200fright\u200e left",
        "NUL \x00\x00 BEL \x07 ESC \x1b[31m DEL \x7f NEL \x85 end",
        "carriage\rreturn and DOS line\r",
        "line\u2028separator, paragraph\u2029separator",
        "zero\u200bwidth joi\u200dner so\u00adft bom\ufeff tag \U000e0068\U000e0069 hangul \u3164",
        "family 👨‍👩‍👧 flag 🇳🇴 skin 👍🏽 astral 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
        "combining e\u0301 n\u0303 a" + "\u0301" * 60,
        "hebrew שלום עולם arabic مرحبا بالعالم mixed",
        "long " + "x" * 3000,
        "",
        "the end \n\n",
    )
)
