"""What mail programs write around quoted and forwarded mail, by language: data, no rules.

Every word is lower-case and matched after non-breaking spaces became spaces.
"""

# The verb of "On <date>, <name> wrote:".
WROTE: tuple[str, ...] = (
    "wrote", "writes", "schrieb", "schrieben", "geschrieben", "a écrit", "écrit", "a ecrit", "escribió", "escribio",
    "escreveu", "ha scritto", "scrive", "scritto", "schreef", "geschreven", "skrev", "skrev följande", "kirjoitti",
    "napisał", "napisała", "napisał(a)", "pisze", "napisal", "napisała/napisał", "napsal", "napsala", "napsal(a)",
    "píše", "napísal", "napísala", "napísal(a)", "napisao", "napisala", "napisao je", "je napisal", "je napisao",
    "írta", "ezt írta", "a scris", "написал", "написала", "написал(а)", "пишет", "писал", "написав", "написала",
    "написав(-ла)", "пише", "написа", "yazdı", "şunu yazdı", "şunları yazdı", "έγραψε", "rašė", "rakstīja",
    "kirjutas", "skrifaði", "va escriure", "ha escrit", "menulis", "menulis berikut", "đã viết", "เขียน", "כתב",
    "כתבה", "כתב/ה", "كتب", "写道", "寫道", "写到", "来信", "写信", "のメッセージ", "のメール", "が書きました", "書きました",
    "書き込みました", "작성", "작성함", "님이 작성", "님이 쓴 글", "said", "sent",
)  # fmt: skip

# How such a line begins where it does not begin with the date or the name.
ON: tuple[str, ...] = (
    "on", "am", "le", "el", "em", "no dia", "il", "il giorno", "in data", "op", "den", "d.", "på", "ve", "v",
    "w dniu", "dnia", "dne", "dňa", "dana", "la data de", "în data de", "pe", "la", "στις", "on the", "at", "pada",
    "vào", "vào lúc", "في", "ב", "בתאריך", "ב-", "em qua", "el día", "um", "since", "þann", "kl", "в", "от", "на",
    "在", "於", "于", "från", "fra", "a",
)  # fmt: skip

# Labels of the header block that Outlook, Yahoo and others put above a quoted or forwarded mail.
LABELS: dict[str, tuple[str, ...]] = {
    "from": (
        "from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "od", "nadawca", "feladó", "expeditor",
        "expeditorul", "de la", "от", "от кого", "отправитель", "від", "від кого", "kimden", "gönderen", "mittente",
        "remitente", "šalje", "šalje:", "pošiljatelj", "saatja", "nuo", "no", "från:", "από", "מאת", "من", "发件人",
        "寄件者", "寄件人", "差出人", "送信元", "送信者", "보낸 사람", "보낸사람", "från/from", "expéditeur", "absender",
        "afzender", "avsändare", "dari", "từ", "จาก", "frá",
    ),
    "to": (
        "to", "an", "à", "a", "para", "aan", "till", "til", "vastaanottaja", "komu", "do", "adresat", "címzett",
        "către", "destinatar", "destinatarul", "кому", "kime", "alıcı", "pour", "prima", "pre", "za", "saaja", "kam",
        "destinatario", "destinatário", "προς", "אל", "ל", "إلى", "收件人", "收件者", "宛先", "送信先", "받는 사람",
        "받는사람", "empfänger", "mottagare", "kepada", "đến", "tới", "ถึง", "destinataire", "naar", "til:", "do:",
        "į", "príjemca", "příjemce",
    ),
    "cc": (
        "cc", "kopie", "kopio", "másolat", "másolatot kap", "kopi", "dw", "udw", "копия", "kopia", "bilgi", "копія",
        "kópia", "kopie (cc)", "copie à", "copia", "c.c.", "κοιν", "抄送", "副本", "参照", "참조", "cc：", "copie",
        "kópia komu", "eksempel", "eintak",
    ),
    "bcc": ("bcc", "cci", "blindkopie", "cco", "ccn", "скрытая копия", "密送"),
    "date": (
        "date", "sent", "datum", "gesendet", "envoyé", "envoyé le", "message du", "fecha", "enviado", "enviado el", "enviada em",
        "enviado em", "enviada", "data", "inviato", "verzonden", "verstuurd", "skickat", "skickades", "datum/tid",
        "dato", "sendt", "päivämäärä", "lähetetty", "päiväys", "odesláno", "odoslané", "dátum", "wysłano",
        "data wysłania", "elküldve", "trimis", "dată", "дата", "отправлено", "відправлено", "надіслано", "tarih",
        "gönderilen", "gönderildi", "gönderim", "poslano", "datums", "kuupäev", "saadetud", "ημερομηνία", "στάλθηκε",
        "תאריך", "נשלח", "تاريخ", "التاريخ", "日期", "发送时间", "发送日期", "寄件日期", "傳送日期", "日付", "送信日時", "日時",
        "보낸 날짜", "날짜", "tanggal", "dikirim", "ngày", "đã gửi", "วันที่", "dags", "sent at", "time", "data/ora",
        "data e hora", "envoyé :", "изпратено",
    ),
    "subject": (
        "subject", "betreff", "objet", "sujet", "asunto", "assunto", "oggetto", "onderwerp", "ämne", "emne", "aihe",
        "předmět", "predmet", "tárgy", "temat", "subiect", "subiectul", "тема", "konu", "naslov", "zadeva", "teema",
        "tema", "θέμα", "נושא", "الموضوع", "主题", "主旨", "主題", "件名", "제목", "subjek", "perihal", "chủ đề", "tiêu đề",
        "เรื่อง", "efni", "относно", "re",
    ),
    "reply_to": (
        "reply-to", "reply to", "odgovori na", "odpověď na", "svar til", "antwoord aan", "vastaus", "vastausosoite",
        "répondre à", "antwort an", "válaszcím", "rispondi a", "odpowiedź-do", "responder a", "răspuns către",
        "ответ-кому", "odpovedať-pre", "svara till", "yanıt adresi", "кому відповісти",
    ),
    "other": (
        "importance", "priority", "attachments", "wichtigkeit", "priorität", "prioritet", "bilagor", "bijlagen",
        "organization", "organisation", "vikt", "anlagen", "pièces jointes", "allegati", "adjuntos", "mailed-by",
        "resent-from", "newsgroups", "message-id", "x-mailer",
    ),
}  # fmt: skip

# Words between dashes, or alone before a colon, above a mail that is quoted in an answer.
ORIGINAL: tuple[str, ...] = (
    "original message", "original mail", "original email", "originalnachricht", "ursprüngliche nachricht",
    "original-nachricht", "antwort nachricht", "originalmeldung", "urspr. nachricht", "message d'origine", "message d’origine",
    "message original", "message initial", "mensaje original", "mensagem original", "messaggio originale",
    "messaggio originario", "oorspronkelijk bericht", "originele bericht", "oorspronkelijke bericht",
    "origineel bericht", "ursprungligt meddelande", "originalmeddelande", "ursprungligt mejl", "originalmeddelandet",
    "oprindelig meddelelse", "oprindelig besked", "original meddelelse", "opprinnelig melding", "original melding",
    "opprinnelig e-post", "alkuperäinen viesti", "oryginalna wiadomość", "wiadomość oryginalna",
    "wiadomość oryginalna od", "původní zpráva", "původní e-mail", "pôvodná správa", "eredeti üzenet",
    "mesaj original", "mesajul original", "исходное сообщение", "оригинальное сообщение", "исходное письмо",
    "оригинал сообщения", "вихідне повідомлення", "оригінал повідомлення", "orijinal mesaj", "özgün ileti",
    "orijinal ileti", "αρχικό μήνυμα", "originalna poruka", "izvorna poruka", "izvirno sporočilo", "originaal",
    "algne kiri", "הודעה מקורית", "الرسالة الأصلية", "原始邮件", "原始郵件", "邮件原件", "原邮件", "元のメッセージ",
    "original message follows", "원본 메시지", "원본메일", "pesan asli", "thư gốc", "tin nhắn gốc", "reply message",
    "reply separator", "original appointment", "missatge original",
)  # fmt: skip

# The same above a mail that is passed on: that text is news to its reader and is never folded.
FORWARDED: tuple[str, ...] = (
    "begin forwarded message", "forwarded message", "forwarded mail", "forwarded by", "original message forwarded",
    "začátek přeposílané zprávy", "přeposlaná zpráva", "start på videresendt besked", "videresendt meddelelse",
    "videresendt besked", "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail",
    "weitergeleitete nachricht", "weitergeleitete e-mail", "weitergeleitet von", "inicio del mensaje reenviado",
    "mensaje reenviado", "välitetty viesti alkaa", "edelleenlähetetty viesti", "välitetty viesti / fwd.msg",
    "välitetty viesti", "début du message réexpédié", "début du message transféré", "message transmis",
    "message transféré", "message réexpédié", "započni proslijeđenu poruku", "proslijeđena poruka",
    "továbbított levél kezdete", "továbbított üzenet", "inizio messaggio inoltrato", "messaggio inoltrato",
    "begin doorgestuurd bericht", "doorgestuurd bericht", "begin van doorgestuurd bericht", "videresendt melding",
    "videresendt e-post", "początek przekazywanej wiadomości", "przekazana wiadomość", "treść przekazanej wiadomości",
    "wiadomość przesłana dalej", "wiadomość przekazana", "początek wiadomości przekazanej",
    "início da mensagem reencaminhada", "início da mensagem encaminhada", "mensagem reencaminhada",
    "mensagem encaminhada", "începe mesajul redirecționat", "mesaj redirecționat", "mesaj redirecţionat",
    "mesajul redirecționat", "начало переадресованного сообщения", "пересылаемое сообщение",
    "перенаправленное сообщение", "пересланное сообщение", "начало пересылаемого сообщения",
    "начало пересылаемого письма", "začiatok preposlanej správy", "preposlaná správa",
    "preposlaná správa --- forwarded message", "vidarebefordrat mejl", "vidarebefordrat brev",
    "vidarebefordrat meddelande", "början på vidarebefordrat meddelande", "början på vidarebefordrat mejl",
    "vidarebefordrat e-postmeddelande", "ileti başlangıcı", "iletilmiş mesaj", "iletilen ileti", "iletilen mesaj",
    "початок листа, що пересилається", "перенаправлене повідомлення", "переслане повідомлення",
    "početak proslijeđene poruke", "posredovano sporočilo", "edasi saadetud kiri", "edastatud kiri",
    "προωθημένο μήνυμα", "הודעה שהועברה", "الرسالة المحولة", "转发的邮件", "轉寄的郵件", "转发邮件信息", "转发邮件", "メッセージを転送",
    "転送されたメッセージ", "転送メッセージ", "전달된 메일", "전달된 메시지", "pesan terusan", "thư chuyển tiếp",
    "missatge reenviat",
)  # fmt: skip

# Prefixes of the subject of a mail that is passed on.
FORWARD_PREFIXES: tuple[str, ...] = (
    "fw", "fwd", "wg", "tr", "rv", "vs", "vb", "vl", "i", "pd", "enc", "redir.", "redir", "videresend", "i̇lt", "ilt",
    "doorst", "πρθ", "továbbítás", "transl", "转发", "轉寄", "転送", "전달", "prosl", "fs", "res",
)  # fmt: skip

# Prefixes of the subject of an answer.
REPLY_PREFIXES: tuple[str, ...] = (
    "re", "aw", "sv", "antw", "rif", "r", "ref", "odp", "ynt", "vá", "vs", "res", "回复", "答复", "回覆", "返信", "απ",
    "rép", "rép.", "ad", "na", "hs", "bls", "yanıt", "отв", "ответ", "відп",
)  # fmt: skip

# How a letter ends, alone on a line: below it stands who wrote it.
CLOSINGS: frozenset[str] = frozenset((
    "regards", "best regards", "kind regards", "kindest regards", "warm regards", "with kind regards", "many regards",
    "best wishes", "with best regards", "sincerely", "sincerely yours", "yours sincerely", "yours faithfully",
    "yours truly", "respectfully", "mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichem gruß",
    "mit freundlichem gruss", "freundliche grüße", "freundliche grüsse", "viele grüße", "viele grüsse", "beste grüße",
    "beste grüsse", "liebe grüße", "herzliche grüße", "mit besten grüßen", "schöne grüße", "mfg", "vg", "lg",
    "cordialement", "bien cordialement", "très cordialement", "sincères salutations", "meilleures salutations",
    "salutations distinguées", "bien à vous", "saludos", "un saludo", "saludos cordiales", "cordiales saludos",
    "un cordial saludo", "atentamente", "salutacions", "atenciosamente", "cumprimentos", "com os melhores cumprimentos",
    "melhores cumprimentos", "cordialmente", "cordiali saluti", "distinti saluti", "saluti", "un saluto",
    "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "vriendelijke groeten", "hartelijke groet",
    "mvg", "groeten", "med vänlig hälsning", "med vänliga hälsningar", "vänlig hälsning", "vänliga hälsningar",
    "hälsningar", "bästa hälsningar", "mvh", "med venlig hilsen", "venlig hilsen", "de bedste hilsner", "bedste hilsner",
    "mange hilsner", "hilsen", "kh", "vh", "med vennlig hilsen", "vennlig hilsen", "beste hilsen",
    "ystävällisin terveisin", "parhain terveisin", "terveisin", "pozdrawiam", "z poważaniem", "z powazaniem",
    "z wyrazami szacunku", "serdecznie pozdrawiam", "s pozdravem", "s přátelským pozdravem", "s úctou", "s pozdravom",
    "üdvözlettel", "tisztelettel", "cu stimă", "cu respect", "с уважением", "з повагою", "с уважение", "saygılarımla",
    "saygılarımızla", "iyi çalışmalar", "με εκτίμηση", "lep pozdrav", "srdačan pozdrav", "s poštovanjem", "lugupidamisega",
    "pagarbiai", "ar cieņu", "בברכה", "مع أطيب التحيات", "此致", "敬具", "以上、よろしくお願いいたします",
))  # fmt: skip

# What phones and programs add below a text of their own accord.
SENT_FROM: tuple[str, ...] = (
    "sent from my", "sent from", "sent using", "sent via", "sent with", "get outlook for", "get bluemail for",
    "von meinem", "gesendet von", "gesendet mit", "gesendet über", "diese nachricht wurde von meinem", "skickat från",
    "skickat via", "hämta outlook för", "hent outlook", "hanki outlook", "envoyé de mon", "envoyé depuis",
    "envoyé à partir", "télécharger outlook", "obtenir outlook", "enviado desde", "enviado do meu", "enviado do",
    "enviado a partir do", "obtener outlook para", "obter o outlook para", "obtenha o outlook", "inviato da",
    "inviato dal", "ottieni outlook per", "scarica outlook", "verzonden vanaf", "verstuurd vanaf", "verzonden via",
    "outlook voor", "download outlook", "sendt fra", "lähetetty", "wysłane z", "wysłano z", "pobierz outlook",
    "odesláno z", "odoslané z", "elküldve", "iphone-ról küldve", "trimis de pe", "отправлено с", "отправлено из",
    "послано с", "надіслано з", "iphone'umdan gönderildi", "gönderen", "iphoneから送信", "発信元", "发自我的", "从我的",
    "寄自我的", "傳送自我的", "나의 iphone에서 보냄", "iphone에서 보냄", "dikirim dari", "được gửi từ", "enviat des de",
    "στάλθηκε από το", "poslano z", "poslano s", "saadetud minu", "yahoo mail", "aol mail",
)  # fmt: skip

# Lines that helpdesks put at their quote boundary.
WRITE_ABOVE: tuple[str, ...] = (
    "reply above this line", "please type your reply above this line", "write above this line",
    "please write above this line", "please reply above this line", "skriv ovanför den här raden",
    "svara ovanför den här raden", "antworten sie oberhalb dieser zeile", "bitte antworten sie über dieser linie",
    "répondez au-dessus de cette ligne", "responda por encima de esta línea", "responda acima desta linha",
    "rispondi sopra questa riga", "antwoord boven deze regel", "skriv over denne linje", "skriv over denne linjen",
)  # fmt: skip
