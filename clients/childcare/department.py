"""What is this department's own: its two procedures and its words."""

from __future__ import annotations

from pathlib import Path

from clients.kit import Contact
from clients.office import Department, Field, Procedure

NURSERIES = (
    ("chuo", {"ja": "みほん中央保育園", "en": "Mihon Chuo Nursery"}),
    ("minato", {"ja": "みなと保育園", "en": "Minato Nursery"}),
    ("midori", {"ja": "みどりの丘こども園", "en": "Midorinooka Kodomoen"}),
    ("kita", {"ja": "北町保育所", "en": "Kitamachi Nursery"}),
)

CHILD = (
    Field("child_name", {"ja": "お子さんの氏名", "en": "Child's name"}, max_length=100),
    Field("child_birthdate", {"ja": "お子さんの生年月日", "en": "Child's date of birth"}, "date"),
)

DAYCARE = Procedure(
    code="daycare",
    title={"ja": "保育所等利用申込", "en": "Nursery place application"},
    summary={
        "ja": "認可保育所・認定こども園・小規模保育の利用を申し込みます。希望する園を2つまで選べます。",
        "en": "Apply for a place in a licensed nursery, kodomoen or small nursery. You can name two.",
    },
    who={
        "ja": "仕事や病気などで保育が必要な就学前のお子さんの保護者",
        "en": "Parents of a child before school age who need care because of work, illness and the like",
    },
    days=45,
    needed=(
        {"ja": "就労証明書など、保育が必要なことが分かる書類", "en": "A certificate of employment or the like"},
        {"ja": "お子さんの母子健康手帳", "en": "The child's mother-and-child handbook"},
    ),
    fields=(
        *CHILD,
        Field("first_choice", {"ja": "第1希望の園", "en": "First choice"}, "select", choices=NURSERIES),
        Field(
            "second_choice", {"ja": "第2希望の園", "en": "Second choice"}, "select", required=False, choices=NURSERIES
        ),
        Field("start", {"ja": "利用を始めたい日", "en": "When to start"}, "date"),
        Field(
            "reason",
            {"ja": "保育が必要な理由", "en": "Why care is needed"},
            "select",
            choices=(
                ("work", {"ja": "就労", "en": "Work"}),
                ("seeking", {"ja": "求職活動", "en": "Looking for work"}),
                ("illness", {"ja": "疾病・障害", "en": "Illness or disability"}),
                ("care", {"ja": "家族の介護・看護", "en": "Caring for a relative"}),
                ("study", {"ja": "就学・職業訓練", "en": "School or training"}),
            ),
        ),
        Field(
            "note",
            {"ja": "知らせておきたいこと", "en": "Anything we should know"},
            "textarea",
            required=False,
            max_length=1000,
            hint={"ja": "アレルギー、きょうだいの在園など", "en": "Allergies, brothers and sisters already there"},
        ),
    ),
    labels={
        "in_review": {"ja": "利用調整中", "en": "Places being assigned"},
        "decided:approved": {"ja": "利用内定", "en": "Place offered"},
        "decided:rejected": {"ja": "利用保留", "en": "No place this time"},
        "completed": {"ja": "入所手続き完了", "en": "Enrolled"},
    },
)

ALLOWANCE = Procedure(
    code="child-allowance",
    title={"ja": "児童手当 認定請求", "en": "Child allowance claim"},
    summary={
        "ja": "お子さんが生まれたとき、転入したときに請求します。原則、請求した月の翌月分から支給します。",
        "en": "Claim when a child is born or you move in. Paid from the month after the claim.",
    },
    who={"ja": "高校生年代までのお子さんを養育している方", "en": "Those who bring up a child up to high-school age"},
    days=30,
    needed=(
        {"ja": "請求する方名義の口座が分かるもの", "en": "Details of a bank account in your name"},
        {"ja": "請求する方の健康保険の資格が分かるもの", "en": "Proof of your health insurance"},
    ),
    fields=(
        *CHILD,
        Field(
            "reason",
            {"ja": "請求の理由", "en": "Reason"},
            "select",
            choices=(
                ("birth", {"ja": "出生", "en": "A child was born"}),
                ("move", {"ja": "転入", "en": "Moved in"}),
                ("other", {"ja": "その他", "en": "Other"}),
            ),
        ),
        Field("bank", {"ja": "金融機関・支店名", "en": "Bank and branch"}, max_length=100),
        Field(
            "account",
            {"ja": "普通預金の口座番号", "en": "Account number"},
            pattern=r"\d{7}",
            max_length=7,
            inputmode="numeric",
            hint={"ja": "数字7桁", "en": "Seven digits"},
        ),
    ),
    labels={
        "decided:approved": {"ja": "認定", "en": "Granted"},
        "decided:rejected": {"ja": "却下", "en": "Refused"},
        "completed": {"ja": "支給開始", "en": "Payments started"},
    },
)

DEPARTMENT = Department(
    code="childcare",
    name={"ja": "子育て支援課", "en": "Child Support Division"},
    service={"ja": "みほん市 子育て手続き", "en": "Mihon Childcare"},
    tagline={
        "ja": "保育所の申込みと児童手当の請求が、スマートフォンから10分でできます。",
        "en": "Apply for a nursery place or child allowance from your phone in ten minutes.",
    },
    city={"ja": "みほん市", "en": "Mihon City"},
    prefix="KD",
    contact=Contact(
        department={"ja": "みほん市 子育て支援課", "en": "Mihon City Child Support Division"},
        phone="000-000-1100",
        hours={"ja": "平日 8時30分から17時15分", "en": "weekdays 8:30-17:15"},
    ),
    address={"ja": "みほん市役所 2階 5番窓口", "en": "City hall, 2nd floor, counter 5"},
    procedures=(DAYCARE, ALLOWANCE),
    folder=Path(__file__).parent,
)
