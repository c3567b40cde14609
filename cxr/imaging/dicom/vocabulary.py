"""The words by which files name parts of the body and views, in the languages of their hospitals.

Capitals without accents, separated by commas. ``KNEE*`` stands for words that begin so, ``*SPINE*``
for words that hold it, ``DAU GOI`` for words that follow one another. A word that stands nowhere
here says nothing, so a missing word costs a note; a wrong one costs a film.
"""

CHEST = {
    "English and Latin": "*CHEST*, *THORAX*, *LUNG*, *PULMO*, CXR, CHST, THX, THOR",
    "Spanish, Portuguese, Catalan": "*TORAX*, PECHO, PEITO, PULMON*, PULMAO, PULMOES, PIT, PULMO",
    "French": "POITRINE, POUMON*",
    "German": "BRUSTKORB, BRUSTRAUM, LUNGE*, HERZLUNGE",
    "Italian, Romanian": "TORACE, PETTO, POLMON*, PIEPT, PLAMAN*",
    "Dutch": "BORSTKAS, LONGEN",
    "Scandinavian": "BRYSTKASSE*, BROSTKORG*, LUNGER, LUNGOR, BRJOSTKASSI",
    "Finnish, Estonian": "RINTAKEHA, KEUHKO*, RINDKERE, KOPS, KOPSUD",
    "Polish": "KLATK*, PLUC*",
    "Czech, Slovak": "HRUDNIK, HRUD, PLIC*",
    "Croatian, Serbian, Slovene": "PRSNI KOS, GRUDNI KOS, PLJUC*",
    "Hungarian": "MELLKAS*, TUDO, TUDOK",
    "Baltic": "KRUSKURVIS, KRUTIN*, PLAUSAS, PLAUCIAI",
    "Russian, Ukrainian, Bulgarian": "КЛЕТК*, КЛІТК*, КЛИТК*, КОШ, ЛЕГКИ*, ЛЕГКОЕ, ЛЕГЕН*, ОГК, "
    "ФЛГ, ФЛЮОРОГРАФ*",
    "Greek": "ΠΝΕΥΜΟΝ*",
    "Turkish": "TORAKS, AKCIGER*",
    "Arabic, Persian, Hebrew": "الصدر, صدر, رئة, الرئتين, سينه, חזה, ריאות",
    "Hindi, Thai": "छाती, सीना, *ทรวงอก*, *ปอด*",
    "Vietnamese": "LONG NGUC, PHOI, TIM PHOI",
    "Indonesian, Malay, Filipino": "DADA, PARU, THORAKS, DIBDIB",
    "Chinese, Japanese": "*胸部*, *胸片*, *胸腔*, *胸廓*, *胸正*, *肺*",
    "Korean": "*흉부*, *가슴*, *폐*",
}
"""The chest, whatever else is named with it."""

OF_THE_CHEST = {
    "Latin": "*THORA*, *TORAC*, *TORAK*",
    "Germanic": "BRUST, BORST, BRYST, BROST",
    "Finnish": "RINTA",
    "Russian, Ukrainian, Bulgarian": "ГРУДН*, ГРУДЬ, ГРУДИ, ГРЪД*",
    "Greek": "ΘΩΡΑΚ*",
    "Turkish": "GOGUS*",
    "Vietnamese": "NGUC",
    "Chinese, Japanese, Korean": "*胸*, *흉*",
}
"""The chest, unless another part is named with it: the thoracic spine is none."""

OTHER_PART = {
    "English, DICOM's own": "*ABDOM*, KUB, BELLY, *PELVI*, HIP, HIPS, *SPINE*, *SPINAL*, "
    "*LUMB*, LOMBA*, *CERVIC*, *VERTEBR*, *SACRUM*, *SACRAL*, COCCYX, *SKULL*, HEAD, HEADNECK, "
    "BRAIN, NECK, FACE, *FACIAL*, SINUS, SINUSES, *ORBIT*, EYE, EYES, EAR, EARS, NOSE, *NASAL*, "
    "JAW, TMJ, MANDIB*, MAXILL*, MOUTH, TOOTH, TEETH, DENTAL, DENTITION, ZYGOMA*, MASTOID*, "
    "*SHOULDER*, CLAVIC*, SCAPULA*, ACJOINT, *HUMERUS*, ARM, ARMS, UPPERARM, FOREARM*, *ELBOW*, "
    "RADIUS, ULNA, *WRIST*, SCAPHOID, CARPAL*, CARPUS, HAND, HANDS, *FINGER*, *THUMB*, *FEMUR*, "
    "*FEMORAL*, THIGH*, *KNEE*, PATELLA*, TIBIA*, FIBULA*, LEG, LEGS, LOWERLEG, *LIMB, *LIMBS, "
    "*EXTREMIT*, *ANKLE*, FOOT, FEET, FOREFOOT, HINDFOOT, METATARS*, METACARP*, SACROILIAC*, "
    "BONE AGE, ORTHOPANT*, ORTOPANT*, PANORAM*, HEEL, *CALCANE*, TARSAL, TARSUS, TOE, TOES, "
    "RIB, RIBS, STERNUM, STERNAL, *BREAST*, MAMMA*, HEART, MEDIASTINUM, TRACHEA, BRONCHUS, "
    "BRONCHI, ESOPHAGUS, OESOPHAGUS, STOMACH, DUODENUM, COLON, RECTUM, BOWEL, LIVER, "
    "GALLBLADDER, PANCREAS, SPLEEN, KIDNEY*, URETER*, URETHRA, BLADDER, UTERUS, PROSTATE, "
    "LARYNX, PHARYNX, THYROID, WHOLEBODY, WHOLE BODY, PHANTOM, IAC, SELLA, SIJOINT",
    "Spanish": "VIENTRE, CADERA*, COLUMNA, RAQUIS, CRANEO, CRANIO, CABEZA, CUELLO, CARA, SENOS, "
    "MANDIBULA*, DIENTE*, HOMBRO*, OMOPLATO, BRAZO*, ANTEBRAZO*, CODO*, MUNECA*, MANO, MANOS, "
    "DEDO*, MUSLO*, RODILLA*, ROTULA*, PIERNA*, TOBILLO*, PIE, PIES, TALON, COSTILLA*, "
    "PARRILLA COSTAL, REJA COSTAL, ESTERNON, MAMA, MAMAS, CORAZON, ESTOMAGO, HUMERO, CUBITO, "
    "PERONE, EXTREMIDAD*, MIEMBRO*",
    "Portuguese": "QUADRIL, PE, PES, PELVE, QUADRIS, BACIA, COLUNA, CABECA, PESCOCO, SEIOS, "
    "DENTE*, OMBRO*, BRACO*, ANTEBRACO*, COTOVELO*, PUNHO*, MAO, MAOS, COXA*, JOELHO*, PERNA*, "
    "TORNOZELO*, CALCANHAR, COSTELA*, ARCOS COSTAIS, ESTERNO, CORACAO, MEMBRO*",
    "French": "VENTRE, HANCHE*, BASSIN, RACHIS, COLONNE, CRANE, TETE, COU, MACHOIRE, DENT, "
    "DENTS, EPAULE*, CLAVICULE*, OMOPLATE*, BRAS, AVANT BRAS, COUDE*, POIGNET*, MAIN, MAINS, "
    "DOIGT*, POUCE, CUISSE*, GENOU*, ROTULE*, JAMBE*, CHEVILLE*, PIED, PIEDS, ORTEIL*, COTES, "
    "GRIL COSTAL, SEIN, SEINS, COEUR, MEMBRE*",
    "German": "BAUCH*, BECKEN*, HUFT*, HUEFT*, *WIRBEL*, HWS, BWS, LWS, KREUZBEIN, STEISSBEIN, "
    "SCHADEL*, SCHAEDEL*, KOPF, HALS, GESICHT*, NASENBEIN, NASENNEBEN*, NNH, KIEFER*, ZAHN*, "
    "ZAEHNE, SCHULTER*, SCHLUSSELBEIN*, SCHLUESSELBEIN*, OBERARM*, UNTERARM*, *ELLENBOGEN*, "
    "*ELLBOGEN*, *HANDGELENK*, HANDWURZEL*, MITTELHAND*, HANDE, HAENDE, DAUMEN, OBERSCHENKEL*, "
    "UNTERSCHENKEL*, BEIN, BEINE, *GANZBEIN*, KNIE*, *KNIEGELENK*, PATELLA, SPRUNGGELENK*, "
    "FUSS*, FUESSE, *MITTELFUSS*, FERSE*, ZEHE*, *RIPPE*, *BRUSTBEIN*, BRUSTDRUSE, HERZ, ARM, "
    "ARME",
    "Italian": "ADDOME*, PANCIA, BACINO, ANCA, ANCHE, COLONNA, RACHIDE, TESTA, COLLO, MASCELLA, "
    "SPALLA, SPALLE, CLAVICOLA*, BRACCIO, AVAMBRACCIO, GOMITO, GOMITI, POLSO, POLSI, DITO, "
    "DITA, COSCIA, FEMORE*, GINOCCHI*, GAMBA, GAMBE, CAVIGLI*, PIEDE, PIEDI, TALLONE, CALCAGNO, "
    "COSTE, EMICOSTATO, STERNO, CUORE, OMERO, ROTULA, ARTO, ARTI",
    "Dutch": "BUIK*, BEKKEN*, HEUP*, *WERVEL*, SCHEDEL*, HOOFD, NEK, GEZICHT, KAAK, GEBIT, "
    "SCHOUDER*, SLEUTELBEEN*, BOVENARM*, ONDERARM*, ELLEBOOG*, ELLEBOGEN, POLS, POLSEN, HANDEN, "
    "VINGER*, DUIM, BOVENBEEN*, ONDERBEEN*, BEEN, BENEN, ENKEL*, VOET*, HIEL, TENEN, RIBBEN, "
    "BORSTBEEN, HART",
    "Danish, Norwegian, Swedish": "MAVE, MAGE, BUK, BAEKKEN*, BEKKEN*, BACKEN*, HOFTE*, HOFT*, "
    "*RYGG, RYG, RYGGRAD*, RYGSOJLE, RYGGSOYLE, *HVIRVEL*, *VIRVEL*, KRANIUM, SKALLE, HODE, "
    "HOVED, HUVUD, NAKKE, NACKE, KAEBE, KJEVE, KAKE, TAND*, TENNER, SKULDER*, AXEL, KRAVEBEN*, "
    "KRAGEBEIN, NYCKELBEN*, OVERARM*, UNDERARM*, ALBUE*, ARMBAGE*, HANDLED*, HANDLEDD*, "
    "HANDROT, HAND, HAAND, LAR, LARBEN, KNAE, KNA, KNE, LEGG, UNDERBEN*, ANKEL*, FOTLED*, FOD, "
    "FOT, FOTTER, FODDER, HAEL, TAER, RIBBEN*, RIBBEIN, REVBEN*, BRYSTBEN, BRYSTBEIN, BROSTBEN, "
    "HJERTE, HJARTA",
    "Finnish": "VATSA, LANTIO, LONKKA, SELKARANKA, *RANKA, KALLO, PAA, NISKA, OLKAPAA, "
    "SOLISLUU, KYYNARPAA, RANNE, KASI, SORMI, POLVI, NILKKA, JALKATERA, KANTAPAA, VARVAS, "
    "KYLKILUU",
    "Polish": "BRZU*, MIEDNIC*, BIODR*, STAW*, KREGOSLUP*, CZASZK*, GLOW*, SZYJ*, ZATOK*, "
    "ZUCHW*, ZEB*, BARK, BARKU, OBOJCZYK*, LOPATK*, RAMI*, PRZEDRAMI*, LOKIEC*, LOKCI*, "
    "NADGARST*, DLON*, REKA, PALEC, PALC*, UDO, UDA, KOLAN*, RZEPK*, PODUDZI*, GOLEN, KOSTK*, "
    "STOPA, STOPY, PIETA, PIETOW*, ZEBR*, MOSTEK, PIERS, SERC*",
    "Czech, Slovak": "BRICH*, BRUCHO, BRUSN*, PANEV, PANVA, KYCEL*, BEDR*, PATER*, CHRBTIC*, "
    "LEBK*, HLAV*, KRK, CELIST*, ZUB*, RAMEN*, KLICNI*, KLUCN*, LOKET, LAKET, ZAPEST*, RUKA, "
    "PRST*, STEHN*, KOLEN*, HOLEN, BEREC, KOTNIK*, CLENOK*, NOHA, CHODIDL*, PATA, ZEBRA, REBRA, "
    "SRDCE",
    "Croatian, Serbian, Slovene": "TRBUH, ZDJELIC*, KARLIC*, KUK, KICM*, KRALJEZNIC*, "
    "HRBTENIC*, LUBANJ*, GLAVA, VRAT, RAME, LAKAT, KOMOLEC, SAKA, RUCNI ZGLOB, ZAPESTJE, "
    "KOLJEN*, GLEZAN*, GLEZENJ, STOPALO, STOPALA, REBRO",
    "Hungarian": "HASI, MEDENCE, CSIPO, GERINC*, KOPONYA, NYAK, VALL, KULCSCSONT, KONYOK, "
    "CSUKLO, KEZ, UJJ, TERD, LABSZAR, BOKA, LABFEJ, SAROK, BORDA*",
    "Romanian": "BAZIN, SOLD, COLOANA, CRANIU, GAT, UMAR*, INCHEIETUR*, MANA, DEGET*, COAPSA, "
    "GENUNCHI*, GAMBA, GLEZN*, PICIOR*, COASTE",
    "Russian, Ukrainian, Bulgarian": "ЖИВОТ*, БРЮШН*, ЧЕРЕВН*, КОРЕМ*, ТАЗ, ТАЗА, ТАЗОБЕДР*, "
    "КУЛЬШ*, *ПОЗВОН*, ХРЕБ*, ХРЕБЕТ, ГРЪБНАК, ЧЕРЕП*, ГОЛОВ*, ГЛАВА, ШЕЯ, ШЕИ, ШИЯ, ПАЗУХ*, "
    "ЧЕЛЮСТ*, ЗУБ*, ПЛЕЧ*, РАМО, КЛЮЧИЦ*, ЛОПАТК*, ПРЕДПЛЕЧ*, ЛОКОТ*, ЛОКТ*, ЛИКОТ*, ЛАКЪТ*, "
    "ЗАПЯСТ*, ЛУЧЕЗАПЯСТ*, КИСТЬ, КИСТИ, КИТКА, РУКА, РУКИ, ПАЛЕЦ, ПАЛЬЦ*, БЕДР*, БЕДРО, "
    "СТЕГН*, КОЛЕН*, КОЛЯНО, КОЛИН*, ГОЛЕН*, ГОЛЕНОСТОП*, ГОМИЛК*, ГЛЕЗЕН*, НОГА, НОГИ, КРАК, "
    "СТОПА, СТОПЫ, СТОПИ, ХОДИЛО, ПЯТОЧН*, РЕБРА, РЕБЕР, РЕБРО, ГРУДИНА, ГРУДИНЫ, СЕРДЦ*, ОБП",
    "Greek": "ΚΟΙΛΙΑ*, ΛΕΚΑΝΗ*, ΠΥΕΛΟΣ, ΠΥΕΛΟΥ, ΙΣΧΙΟ*, ΣΠΟΝΔΥΛ*, ΟΜΣΣ, ΑΜΣΣ, ΘΜΣΣ, ΚΡΑΝΙΟ*, "
    "ΚΕΦΑΛΗ, ΑΥΧΕΝΑΣ, ΩΜΟΣ, ΩΜΟΥ, ΑΓΚΩΝΑΣ, ΑΓΚΩΝΑ, ΚΑΡΠΟΣ, ΚΑΡΠΟΥ, ΧΕΡΙ, ΑΚΡΑ ΧΕΙΡΑ, ΔΑΚΤΥΛ*, "
    "ΜΗΡΟΣ, ΓΟΝΑΤ*, ΚΝΗΜΗ*, ΠΟΔΟΚΝΗΜΙΚΗ*, ΑΣΤΡΑΓΑΛΟΣ, ΠΟΔΙ, ΠΕΛΜΑ, ΑΚΡΟΣ ΠΟΥΣ, ΠΛΕΥΡΕΣ",
    "Turkish": "KARIN, BATIN, KALCA*, OMURGA*, KAFA, KAFATASI, KAFA GRAFISI, BOYUN, CENE*, "
    "OMUZ*, KOPRUCUK*, DIRSEK*, EL BILEGI, ONKOL, ON KOL, PARMAK*, UYLUK*, DIZ, DIZLER, BACAK*, "
    "AYAK*, TOPUK*, KABURGA*, KALP, SINUSLER",
    "Arabic": "*بطن, *حوض, *ورك, *عمود*, *فقرات*, *جمجمة, *رأس, *رقبة, *كتف*, *مرفق*, *كوع, "
    "*معصم*, *رسغ*, يد, اليد, *اصبع, *فخذ, *ركبة, *ساق, *كاحل, قدم, القدم, *ضلوع",
    "Persian, Hebrew": "شکم, لگن, ستون, جمجمه, سر, گردن, شانه, آرنج, مچ, دست, زانو, پا, בטן, "
    "אגן, ירך, עמוד, גולגולת, ראש, צוואר, כתף, מרפק, יד, ברך, קרסול, רגל, *כף*",
    "Hindi, Thai": "पेट, घुटना, हाथ, पैर, कंधा, कोहनी, कलाई, रीढ़, सिर, *ท้อง*, *เชิงกราน*, *สะโพก*, "
    "*กระดูกสันหลัง*, *กะโหลก*, *ศีรษะ*, *ไหล่*, *ข้อศอก*, *ข้อมือ*, *เข่า*, *ข้อเท้า*, *เท้า*",
    "Vietnamese": "DAU, BUNG, O BUNG, KHUNG CHAU, XUONG CHAU, KHOP HANG, COT SONG, SO NAO, "
    "HOP SO, XOANG, KHOP VAI, XUONG VAI, XUONG DON, CANH TAY, CANG TAY, CANG BAN TAY, KHUYU*, "
    "CO TAY, BAN TAY, NGON TAY, XUONG DUI, DUI, DAU GOI, KHOP GOI, GOI, CANG CHAN, CO CHAN, "
    "BAN CHAN, NGON CHAN, GOT CHAN, XUONG SUON, XUONG UC",
    "Indonesian, Malay": "PERUT, PANGGUL, PINGGUL, PINGGANG, TULANG BELAKANG, KEPALA, "
    "TENGKORAK, LEHER, BAHU, LENGAN, SIKU, PERGELANGAN*, TANGAN, JARI, PAHA, LUTUT, TUNGKAI, "
    "KAKI, TUMIT, RUSUK, JANTUNG",
    "Chinese, Japanese": "*腹*, *骨盆*, *骨盤*, *髋*, *髖*, *股*, *椎*, *脊*, *骶*, *颅*, *顱*, "
    "头, *头部*, 頭, *頭部*, *頭蓋*, *颈*, *頸*, 首, *手首*, *足首*, *鼻*, *颌*, *顎*, *颚*, "
    "*歯*, *牙*, *肩*, *锁骨*, *鎖骨*, *上肢*, *下肢*, *四肢*, *肱*, *上腕*, *上臂*, *前臂*, "
    "*前腕*, *肘*, *腕*, 手, 左手, 右手, 双手, 両手, *手部*, *手指*, *手骨*, *手関節*, 指, "
    "*指骨*, *拇指*, *母指*, *大腿*, *膝*, *小腿*, *下腿*, *胫*, *脛*, *踝*, *足*, *脚*, "
    "*跟骨*, *踵*, *趾*, *腰*, *肋*, *胸骨*, *胸锁*, *胸鎖*, *乳*, *心脏*, *心臓*, *心臟*, "
    "*胃*, *肠*, *腸*, *全身*, 腿",
    "Korean": "배, *복부*, *골반*, *고관절*, *척추*, *요추*, *경추*, *흉추*, *천추*, *두개*, "
    "*머리*, *두부*, *경부*, *부비동*, *턱*, *치아*, *어깨*, *견관절*, *쇄골*, *상지*, *하지*, "
    "*상완*, *전완*, 팔, *팔꿈치*, *주관절*, 손, *손목*, *손가락*, *수부*, *대퇴*, *무릎*, "
    "*슬관절*, *하퇴*, *다리*, 발, *발목*, *발가락*, *족부*, *족관절*, *늑골*, *갈비*, *흉골*, "
    "*유방*, *심장*, *전신*",
}
"""Another part of the body."""

PA = {
    "Latin": "PA, P A, POSTEROANTERIOR*, POSTERO, POSTERIOR ANTERIOR, DORSOVENTRAL*, ACHTERVOOR*",
    "Polish": "TYLNO PRZEDNI*",
    "Russian": "ЗАДНЕПЕРЕДН*, ЗАДНЕ ПЕРЕДН*",
    "Turkish": "ARKA ON",
    "Chinese, Japanese, Korean": "*後前*, *后前*, *背腹*, *후전*",
}

AP = {
    "Latin": "AP, A P, ANTEROPOSTERIOR*, ANTERO, ANTERIOR POSTERIOR, VENTRODORSAL*, VOORACHTER*",
    "Polish": "PRZEDNIO TYLN*",
    "Russian": "ПЕРЕДНЕЗАДН*, ПЕРЕДНЕ ЗАДН*",
    "Turkish": "ON ARKA",
    "Chinese, Japanese, Korean": "*前後*, *前后*, *腹背*, *전후*",
}

FRONTAL = {
    "Latin": "FRONTAL*, FRONTAAL, FRENTE, FACE",
    "Cyrillic": "ПРЯМ*, ФРОНТАЛ*",
    "Vietnamese": "THANG",
    "Chinese, Japanese, Korean": "*正面*, *正位*, *正侧*, *正側*, *정측면*, *정면*",
}

NOT_FRONTAL = {
    "DICOM's own": "LL, RL, LAT, LLAT, RLAT, LATL, LATR, LLD, RLD, LLO, RLO, LAO, RAO, LPO, "
    "RPO, OBL",
    "lateral, Latin": "LATERAL, LATERALE, LATERALES, LATERALI, LATERALIS, LATERALT, LATERAAL, "
    "LATERALNA, LATERALNI, LATERALNO, LATERALNY, LATERALLY, LATERO*, LEFTLATERAL, RIGHTLATERAL, "
    "CHESTLATERAL, CHESTLAT, PROFIL, PROFILE, PROFILO, PROFILU, PROFILI, PROFILBILD*, "
    "PROFILAUFNAHME*, PERFIL*, SEITLICH*, SEITL, SEITENAUFNAHME*, SEITBILD*, SIDEBILDE*, "
    "SIDBILD*, SIDOBILD*, SIVUKUVA*, SIVU, ZIJDELINGS*, DWARS*, BOCZN*, BOK, BOCNI, BOCNA, "
    "BOCNY, BOCNO, OLDALIRANYU, YAN, NGHIENG, SAMPING",
    "lateral": "БОК, БОКОВ*, БИЧН*, БОЧН*, СТРАНИЧН*, ПРОФИЛЬ, ПРОФИЛЬН*, ПРОФИЛ, ΠΛΑΓΙ*, "
    "ΠΡΟΦΙΛ, جانبي, جانبية, جانبی, צדדי, צדי, צידי, *側面*, *侧面*, *側位*, *侧位*, *측면*, "
    "*측방*",
    "oblique": "OBLIQ*, OBLIC*, OBLIK*, SCHRAG*, SCHRAEG*, SCHUIN*, SKRA, SKRAA*, SKRABILD*, "
    "SKOSN*, КОСАЯ, КОСОЙ, КОСА, КОСО, ΛΟΞ*, CHECH, *斜*, *사위*",
    "decubitus": "DECUB*, *侧卧*, *側卧*, *侧臥*, *側臥*, *측와*",
}

OTHER_MODALITY = (
    "AR, AS, ASMT, AU, BDUS, BI, BMD, CD, CFM, CP, CS, CT, DD, DF, DG, DM, DMS, DOC, DS, "
    "EC, ECG, EEG, EMG, EOG, EPS, ES, FA, FID, FS, GM, HD, IO, IOL, IVOCT, IVUS, KER, KO, LEN, "
    "LP, LS, M3D, MA, MG, MR, MS, NM, OAM, OCT, OP, OPM, OPR, OPT, OPTBSV, OPTENF, OPV, OSS, "
    "OT3D, PLAN, POS, PR, PT, PET, PX, REG, RESP, RF, RTDOSE, RTIMAGE, RTINTENT, RTPLAN, RTRAD, "
    "RTRECORD, RTSEGANN, RTSTRUCT, RWV, SEG, SM, SMR, SR, SRF, ST, STAIN, TEXTUREMAP, TG, US, "
    "VA, VF, XA, XAPROTOCOL, XC, XRF, CBCT, CTA, DSA, DXA, ECHO, FLUORO, IRM, MAMMO, MRI, MRT, "
    "OPG, PETCT, RM, TAC, TC, TDM, USG"
)
"""DICOM's terms, also retired ones, and what people write, for what is no radiograph of a chest."""

CHEST_CODES = """
    39607008 51185008 86598002 416152001 416319003 416550000 416775004 417437006 816094009
    R-FAB52 R-FAB53 R-FAB54 R-FAB55 R-FAB56 T-28000 T-280A0 T-D3000
"""
"""SNOMED's codes, new and old, of DICOM's anatomic regions (CID 4009) that hold the chest."""

OTHER_CODES = """
    661005 774007 955009 2095001 4596009 7569003 7844006 12921003 13648007 13881006 14742008
    14975008 15776009 16953009 16982005 21306003 22356005 24136001 27949001 28231008 28273000
    29707007 29836001 30021000 30315005 30608006 32849002 34402009 34516001 34707002 38266002
    38848004 39723000 40983000 41216001 42575006 44567001 45048000 45289007 51299004 53120007
    53505006 53620006 54019009 54735007 55024004 56459004 56873002 58742003 59066005 61685007
    64234005 64688005 66019005 68367000 69536005 69695003 69930009 70258002 70925003 71341001
    71854001 72001000 72410000 72696002 74386004 74670003 76505004 76752008 79601000 79741001
    80144004 80891009 81745001 85050009 85562004 85856004 87342007 87953007 89546000 89837001
    91397008 91609006 102292000 110517009 110621006 110639002 110861005 113197003 113345001
    122494005 122495006 122496007 303270005 361078006 363654007 371195002 371398005 421060004
    431491007 706342009 816092008 818981001 818982008 1217253001 1217254007 1217256009
    1217257000 1231522001 R-FE0C7 T-04000 T-11011 T-11100 T-11102 T-11133 T-11149 T-11166
    T-11170 T-11180 T-11196 T-11210 T-11300 T-11501 T-11502 T-11503 T-11AD0 T-11BF0 T-12280
    T-12310 T-12340 T-12410 T-12700 T-12710 T-12730 T-12750 T-12770 T-12980 T-13600 T-14668
    T-15290 T-15420 T-15430 T-15460 T-15610 T-15680 T-15710 T-15750 T-15770 T-22000 T-24100
    T-25000 T-26000 T-32000 T-50007 T-56000 T-57000 T-58000 T-58200 T-58400 T-58600 T-59000
    T-59300 T-59600 T-59900 T-60600 T-60610 T-61100 T-61300 T-63000 T-64500 T-65000 T-65010
    T-65600 T-7000B T-73000 T-74000 T-75000 T-88920 T-92000 T-AA000 T-AB959 T-D0010 T-D0300
    T-D04FF T-D0801 T-D0821 T-D1000 T-D1100 T-D1213 T-D1460 T-D14AE T-D1600 T-D2220 T-D2500
    T-D3300 T-D4000 T-D6000 T-D8000 T-D8200 T-D8500 T-D8700 T-D8800 T-D8810 T-D9000 T-D9100
    T-D9200 T-D9400 T-D9700 T-D9800 T-DD163
"""
"""Those of its other regions."""

PA_CODES, AP_CODES = "272479007 R-10214 R-40888", "399348003 R-10206"

NOT_FRONTAL_CODES = """
    30730003 260427002 399004004 399006002 399038007 399059000 399067008 399132005 399135007
    399160007 399173006 399182000 399184004 399198007 399236003 399312000 399325008 399356000
    G-A145 R-10204 R-10208 R-10210 R-10212 R-10216 R-10220 R-10232 R-10234 R-10236 R-10238
    R-10246 R-10252 R-10254 R-102C1 R-102CD R-40783 R-40985
"""
"""Lateral and oblique views (CID 4010)."""
