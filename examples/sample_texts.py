"""The words of the sample documents; facts, people and figures are invented."""

AUTHOR = "The Larkfield Product Team"

REPORT_TITLE = "Larkfield Knowledge Base: Report on the Third Quarter"
REPORT_TABLE_SECTION = "3. Figures by region"
REPORT_PICTURE_SECTION = "4. How much people search"
REPORT_TABLE = [
    ["Region", "Teams", "Documents", "Median answer", "Renewal rate"],
    ["Northern Europe", "412", "1,904,220", "180 ms", "96.4 %"],
    ["Southern Europe", "257", "873,615", "210 ms", "93.8 %"],
    ["East Asia", "388", "2,316,047", "165 ms", "97.1 %"],
    ["North America", "530", "3,120,884", "195 ms", "95.2 %"],
    ["South America", "96", "214,306", "260 ms", "91.5 %"],
]
REPORT_SECTIONS = (
    (
        "1. Summary",
        (
            "Larkfield lets a company ask questions of its own papers. In the third quarter 1,683 teams used it every "
            "working day, 211 more than in the quarter before. They added 1.4 million documents and asked 7.9 million "
            "questions. Nine answers in ten came with a passage that the reader opened, which is the measure that we "
            "watch most closely, because a passage that nobody opens has answered nothing.",
            "Two things held us back. Scanned contracts took too long to become searchable, and tables that run over "
            "several pages lost their headings on the way. The first is solved by the new conversion service, the "
            "second in part: a table keeps its header row now, yet a cell that spans two pages is still cut in two.",
        ),
    ),
    (
        "2. What customers told us",
        (
            "We spoke with forty-one administrators. Most of them run a nightly synchronisation and look at its "
            "result in the morning. What they want to know is plain: which documents failed, why, and whether trying "
            "again would help. A red number without a reason sends them to our support desk; a sentence such as "
            "'the file is protected by a password' sends them to the owner of the file, who can do something about "
            "it. Messages of that kind cut the number of support cases by a third.",
            "Hospitals and law firms asked how long deleted papers stay in an index. The answer is now the same "
            "everywhere: a deleted document leaves the search at once, and its text, pictures and vectors are removed "
            "from storage within the hour. An auditor can read the time of both steps in the activity log.",
            "Several teams in Taipei and Osaka work in three languages in one folder. For them the quality of search "
            "across languages matters more than its speed. The multilingual model that we tested in August found the "
            "right passage among the first five in 84 of 100 trials, against 61 with the older one.",
        ),
    ),
    (
        REPORT_TABLE_SECTION,
        (
            "The table gives the state on the last day of September. A team counts when at least three of its members "
            "searched in that week. The median answer is the time between a question and the first passage on the "
            "screen, measured in the browser.",
        ),
    ),
    (
        REPORT_PICTURE_SECTION,
        (
            "Searching has more than tripled within a year. The fall in May is the long holiday in East Asia, and the "
            "one in August the European summer. Nearly half of all questions are asked between nine and eleven in the "
            "morning, so the search servers are sized for that hour and not for the average of the day.",
        ),
    ),
    (
        "5. Reliability",
        (
            "The service was reachable for 99.97 per cent of the quarter. On 14 August a full disk stopped the queue "
            "for nineteen minutes; no document was lost, since the state of every document lives in the database and "
            "the queue only carries the news that there is work. After the repair all 3,402 waiting documents were "
            "processed within eleven minutes, and none of them twice.",
            "Since then every worker is killed once a week on purpose, at a random moment, in the staging "
            "environment. The exercise found two faults in September, both in code that had passed every test before. "
            "We recommend it to any team that runs background work.",
        ),
    ),
    (
        "6. Outlook",
        (
            "In the fourth quarter we shall bring table search to all regions, halve the time that a first "
            "synchronisation of ten thousand documents takes, and give administrators a view of live progress for "
            "each document. Prices stay as they are. The cost of computing a vector fell by 22 per cent this year, "
            "and the saving goes into larger free plans for schools and public libraries.",
        ),
    ),
)

HANDBOOK_TITLE = "知识库使用手册"
HANDBOOK_TABLE_SECTION = "第三章 文档状态"
HANDBOOK_TABLE = [
    ["状态", "含义", "建议的操作"],
    ["已上传", "文件已保存，尚未处理", "创建同步任务"],
    ["处理中", "正在转换、分块或向量化", "等待任务结束"],
    ["已完成", "可以搜索", "无需操作"],
    ["失败", "处理时出现错误", "查看原因后重试"],
]
HANDBOOK_SECTIONS = (
    (
        "第一章 产品概述",
        (
            "本产品帮助企业管理内部资料，并让员工用自然语言查找答案。系统会读取合同、报告、操作手册等文档，提取其中的文字、"
            "表格和图片，再把内容切分成便于检索的段落。每个段落都保留所在页码和标题，因此读者看到答案时，可以立即回到原文核对。",
            "与传统的文件夹检索不同，知识库理解的是意思而不只是字面。员工询问“出差住宿的报销标准”，"
            "即使制度文件中写的是“差旅费用限额”，系统也能找到对应的条款。对于产品型号、合同编号这类必须逐字匹配的内容，"
            "关键词检索会同时工作，两种结果合并后按相关程度排列。",
        ),
    ),
    (
        "第二章 同步任务",
        (
            "上传文档之后需要创建同步任务，文档才会进入检索范围。全量同步处理所有尚未处理的文档，增量同步只处理指定的文档。"
            "同一个知识库同一时间只能运行一个同步任务，这样可以避免两个任务同时修改同一份文档。",
            "同步任务由六个阶段组成：下载、转换、图片处理、分块、向量化和存储。任何一个阶段出现错误，只影响当前文档，"
            "其他文档照常处理。任务结束后，可以只重试失败的文档，已经完成的部分不会重复计算。",
            "如果服务器在处理过程中断电，重新启动后任务会从中断的位置继续。所有状态都保存在数据库中，消息队列只负责传递通知，"
            "因此即使队列被清空，也不会丢失任何文档。",
        ),
    ),
    (
        HANDBOOK_TABLE_SECTION,
        ("文档在系统中依次经过以下状态。管理员可以在文档列表中按状态筛选，并查看每个阶段所用的时间。",),
    ),
    (
        "第四章 常见问题",
        (
            "问：为什么有的文件提示“文件已加密”？答：该文件设置了打开密码，系统无法读取内容。请向文件所有者索取未加密的版本，"
            "重新上传后再次同步。",
            "问：扫描件能否搜索？答：纯图片的扫描件没有文字层，需要先启用文字识别。识别的准确程度取决于扫描的清晰度，"
            "建议分辨率不低于三百点每英寸。",
            "问：删除文档之后，内容会保留多久？答：删除操作立即生效，搜索结果中不再出现该文档，相关的文字、图片和向量会一并清除。",
        ),
    ),
    (
        "第五章 安全与权限",
        (
            "访问接口需要密钥。密钥分为管理员、编辑者和读者三种角色：管理员可以管理所有知识库，编辑者可以上传文档和创建同步任务，"
            "读者只能搜索和查看。密钥只在创建时显示一次，系统保存的是经过哈希处理的值。",
            "建议每季度更换一次密钥，并为每个应用单独创建密钥，以便在发现异常时只停用受影响的应用。",
        ),
    ),
)

PAPER_TITLE = "Small Passages, Honest Scores: Notes on Retrieval from Office Documents"
PAPER_SECTIONS = (
    (
        "Abstract",
        (
            "Office documents are neither web pages nor books. They repeat each other, they hide their facts in "
            "tables, and most of them are read by nobody after the week in which they were written. We report how the "
            "size of a passage, the overlap between neighbours and the mixture of word matching and vector matching "
            "change what a reader finds, measured on 2,600 questions that employees of four companies asked.",
        ),
    ),
    (
        "1 Introduction",
        (
            "A retrieval system answers with passages. When passages are long, each holds the answer more often, and "
            "the reader has more to read; when they are short, the answer is sharp but its surroundings are missing. "
            "The literature recommends anything between 100 and 1,000 tokens. We wanted to know what holds for "
            "contracts, minutes, manuals and reports, which make up nine tenths of the collections we see.",
            "A second question concerns the score. Systems present a number between zero and one, and people read it "
            "as confidence, which it is not. We show that the distance between the first and the second result tells "
            "more about whether the first is right than the score itself does.",
        ),
    ),
    (
        "2 Material and method",
        (
            "Four companies, an insurer, a maker of pumps, a hospital group and a city council, let us use their "
            "search logs of one month. Two readers marked for every question the passages that answer it; they agreed "
            "in 91 per cent of the cases, and a third reader decided the rest. Personal names were replaced before we "
            "saw the texts.",
            "Each document was converted to structured text. Headings were kept as a path in front of every passage, "
            "because a paragraph that begins with 'In this case the limit is doubled' means nothing without the "
            "heading above it. Tables were written row by row with the header repeated.",
            "We compared passages of 128, 256, 512 and 1,024 tokens with an overlap of zero, one eighth and one "
            "quarter. Word matching used the usual probabilistic weighting; vector matching used a small sentence "
            "encoder that runs on two processor cores. The lists were merged by the sum of reciprocal ranks.",
        ),
    ),
    (
        "3 Results",
        (
            "With vectors alone, 256 tokens were best: the right passage was among the first five for 78 per cent of "
            "the questions. Word matching alone reached 66 per cent, and the merged list 87 per cent. An overlap of "
            "one eighth gained two points over none; one quarter gained nothing more and made the index a fifth "
            "larger.",
            "Questions about identifiers, such as part numbers and paragraph numbers, were answered by word matching "
            "almost alone. Questions phrased in everyday language were answered by vectors. Since a system cannot "
            "know beforehand which kind it is given, the merged list is the sensible default.",
            "The path of headings mattered more than any parameter: without it the merged list fell from 87 to 79 per "
            "cent. The loss was largest for manuals, where the same sentence stands under many headings.",
        ),
    ),
    (
        "4 Discussion",
        (
            "Our readers opened a passage in order to check, not to learn. They looked for the page number first. A "
            "system that cannot say where a sentence stands will not be trusted, however good its ranking is. We "
            "therefore count a result without a correct page as wrong, which costs some systems ten points.",
            "The study has limits. All documents were in English or German, the questions come from offices only, and "
            "one month leaves out what happens once a year. The pump maker's drawings, in which text is part of the "
            "picture, were left out altogether.",
        ),
    ),
    (
        "5 Conclusion",
        (
            "Take passages of about 256 tokens, let neighbours share an eighth, put the headings in front, merge both "
            "kinds of matching, and show the page. None of this is new, and all of it together is rarely done.",
        ),
    ),
)

GUIDE_TITLE = "Operations Guide for the Night Shift"
GUIDE_SECTIONS = (
    (
        "Before the nightly synchronisation",
        (
            "Look at the free space on the data disk; below 15 per cent, call the storage team.",
            "Check that every queue has at least one worker, and that no worker was started more than a week ago.",
            "Read the notes of the day shift. If a deployment is under way, wait until it has been confirmed.",
        ),
        "df -h /srv/larkfield\ncurl -s http://localhost:8000/health\nlarkctl workers list --older-than 7d",
    ),
    (
        "When a document fails",
        (
            "Read the reason first: a damaged or encrypted file will fail again, however often it is tried.",
            "A throttled embedding service recovers by itself; retry the failed documents after twenty minutes.",
            "A document that stops a worker three times is set aside; report its number, never its content.",
        ),
        'for task in $(larkctl tasks --failed --since 24h); do\n    larkctl retry "$task"\ndone',
    ),
    (
        "Restoring from a backup",
        (
            "Stop all workers, then the interface; leave the database running.",
            "Restore the database to the chosen minute and compare the number of documents with the report.",
            "Start one worker, synchronise one small knowledge base, and search it before you start the others.",
        ),
        "larkctl stop workers\nlarkctl restore --at '2025-09-30 02:00' --verify\nlarkctl start worker --count 1",
    ),
    (
        "Whom to call",
        (
            "Database and backups: extension 4417, Ms Ferreira or Mr Lindqvist.",
            "Network and certificates: extension 4420, at night only for a complete outage.",
            "Anything about personal data: the duty officer, extension 4400, without delay.",
        ),
        "# The list of extensions is kept in the intranet under /operations/contacts",
    ),
)

LETTER = (
    "Dear Ms Okonkwo, the price list that you asked for is enclosed. Please treat it as confidential until the end of "
    "the year. The password reaches you by telephone.",
    "Yours sincerely, the Larkfield sales office",
)
