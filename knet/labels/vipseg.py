"""VIPSeg: 124 classes of video panoptic segmentation in the wild."""
from .space import ClassInfo, LabelSpace, register_label_space

STUFF, THING = False, True

#: Name, kind and RGB colour; the position is VIPSeg's category id.
VIPSEG_CATEGORIES = (
    ('wall', STUFF, (120, 120, 120)), ('ceiling', STUFF, (180, 120, 120)), ('door', THING, (6, 230, 230)),
    ('stair', STUFF, (80, 50, 50)), ('ladder', THING, (4, 200, 3)), ('escalator', STUFF, (120, 120, 80)),
    ('Playground_slide', STUFF, (140, 140, 140)), ('handrail_or_fence', STUFF, (204, 5, 255)),
    ('window', THING, (230, 230, 230)), ('rail', STUFF, (4, 250, 7)), ('goal', THING, (224, 5, 255)),
    ('pillar', STUFF, (235, 255, 7)), ('pole', STUFF, (150, 5, 61)), ('floor', STUFF, (120, 120, 70)),
    ('ground', STUFF, (8, 255, 51)), ('grass', STUFF, (255, 6, 82)), ('sand', STUFF, (143, 255, 140)),
    ('athletic_field', STUFF, (204, 255, 4)), ('road', STUFF, (255, 51, 7)), ('path', STUFF, (204, 70, 3)),
    ('crosswalk', STUFF, (0, 102, 200)), ('building', STUFF, (61, 230, 250)), ('house', STUFF, (255, 6, 51)),
    ('bridge', STUFF, (11, 102, 255)), ('tower', STUFF, (255, 7, 71)), ('windmill', STUFF, (255, 9, 224)),
    ('well_or_well_lid', STUFF, (9, 7, 230)), ('other_construction', STUFF, (220, 220, 220)),
    ('sky', STUFF, (255, 9, 92)), ('mountain', STUFF, (112, 9, 255)), ('stone', STUFF, (8, 255, 214)),
    ('wood', STUFF, (7, 255, 224)), ('ice', STUFF, (255, 184, 6)), ('snowfield', STUFF, (10, 255, 71)),
    ('grandstand', STUFF, (255, 41, 10)), ('sea', STUFF, (7, 255, 255)), ('river', STUFF, (224, 255, 8)),
    ('lake', STUFF, (102, 8, 255)), ('waterfall', STUFF, (255, 61, 6)), ('water', STUFF, (255, 194, 7)),
    ('billboard_or_Bulletin_Board', STUFF, (255, 122, 8)), ('sculpture', THING, (0, 255, 20)),
    ('pipeline', STUFF, (255, 8, 41)), ('flag', THING, (255, 5, 153)), ('parasol_or_umbrella', THING, (6, 51, 255)),
    ('cushion_or_carpet', STUFF, (235, 12, 255)), ('tent', THING, (160, 150, 20)), ('roadblock', THING, (0, 163, 255)),
    ('car', THING, (140, 140, 140)), ('bus', THING, (250, 10, 15)), ('truck', THING, (20, 255, 0)),
    ('bicycle', THING, (31, 255, 0)), ('motorcycle', THING, (255, 31, 0)), ('wheeled_machine', STUFF, (255, 224, 0)),
    ('ship_or_boat', THING, (153, 255, 0)), ('raft', THING, (0, 0, 255)), ('airplane', THING, (255, 71, 0)),
    ('tyre', STUFF, (0, 235, 255)), ('traffic_light', STUFF, (0, 173, 255)), ('lamp', STUFF, (31, 0, 255)),
    ('person', THING, (11, 200, 200)), ('cat', THING, (255, 82, 0)), ('dog', THING, (0, 255, 245)),
    ('horse', THING, (0, 61, 255)), ('cattle', THING, (0, 255, 112)), ('other_animal', THING, (0, 255, 133)),
    ('tree', STUFF, (255, 0, 0)), ('flower', STUFF, (255, 163, 0)), ('other_plant', STUFF, (255, 102, 0)),
    ('toy', STUFF, (194, 255, 0)), ('ball_net', STUFF, (0, 143, 255)), ('backboard', STUFF, (51, 255, 0)),
    ('skateboard', THING, (0, 82, 255)), ('bat', STUFF, (0, 255, 41)), ('ball', THING, (0, 255, 173)),
    ('cupboard_or_showcase_or_storage_rack', STUFF, (10, 0, 255)), ('box', THING, (173, 255, 0)),
    ('traveling_case_or_trolley_case', THING, (0, 255, 153)), ('basket', THING, (255, 92, 0)),
    ('bag_or_package', THING, (255, 0, 255)), ('trash_can', STUFF, (255, 0, 245)), ('cage', STUFF, (255, 0, 102)),
    ('plate', THING, (255, 173, 0)), ('tub_or_bowl_or_pot', THING, (255, 0, 20)),
    ('bottle_or_cup', THING, (255, 184, 184)), ('barrel', THING, (0, 31, 255)), ('fishbowl', THING, (0, 255, 61)),
    ('bed', THING, (0, 71, 255)), ('pillow', THING, (255, 0, 204)), ('table_or_desk', THING, (0, 255, 194)),
    ('chair_or_seat', THING, (0, 255, 82)), ('bench', THING, (0, 10, 255)), ('sofa', THING, (0, 112, 255)),
    ('shelf', STUFF, (51, 0, 255)), ('bathtub', STUFF, (0, 194, 255)), ('gun', THING, (0, 122, 255)),
    ('commode', THING, (0, 255, 163)), ('roaster', THING, (255, 153, 0)), ('other_machine', STUFF, (0, 255, 10)),
    ('refrigerator', THING, (255, 112, 0)), ('washing_machine', THING, (143, 255, 0)),
    ('Microwave_oven', THING, (82, 0, 255)), ('fan', THING, (163, 255, 0)), ('curtain', STUFF, (255, 235, 0)),
    ('textiles', STUFF, (8, 184, 170)), ('clothes', STUFF, (133, 0, 255)), ('painting_or_poster', THING, (0, 255, 92)),
    ('mirror', THING, (184, 0, 255)), ('flower_pot_or_vase', THING, (255, 0, 31)), ('clock', THING, (0, 184, 255)),
    ('book', STUFF, (0, 214, 255)), ('tool', STUFF, (255, 0, 112)), ('blackboard', STUFF, (92, 255, 0)),
    ('tissue', STUFF, (0, 224, 255)), ('screen_or_television', THING, (112, 224, 255)),
    ('computer', THING, (70, 184, 160)), ('printer', THING, (163, 0, 255)), ('Mobile_phone', THING, (153, 0, 255)),
    ('keyboard', THING, (71, 255, 0)), ('other_electronic_product', STUFF, (255, 0, 163)),
    ('fruit', STUFF, (255, 204, 0)), ('food', STUFF, (255, 0, 143)), ('instrument', THING, (0, 255, 235)),
    ('train', THING, (133, 255, 0)))

_NUM_STUFF = sum(not is_thing for _, is_thing, _ in VIPSEG_CATEGORIES)


def _number_classes() -> LabelSpace:
    """Dataset ids as predictions and evaluators of Video K-Net number them: 66 stuff classes, then 58 things."""
    counts = {STUFF: 0, THING: _NUM_STUFF}
    classes = []
    for name, is_thing, colour in VIPSEG_CATEGORIES:
        classes.append(ClassInfo(name, colour, is_thing, counts[is_thing]))
        counts[is_thing] += 1
    return LabelSpace('vipseg', classes)


#: 58 things (dataset ids 66..123) + 66 stuff (0..65).
VIPSEG = register_label_space(_number_classes())
