// What the generator writes, cut down to a resource of three members. Tests bend it.
export interface UpTimeouts {
  /**
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/made/up/1.2.3/docs/resources/up#create Up#create}
  */
  readonly create?: string;
}

export function upTimeoutsToHclTerraform(struct?: UpTimeouts | cdktf.IResolvable): any {
  const attrs = {
    create: {
      value: cdktf.stringToHclTerraform(struct!.create),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };
}

export class UpTimeoutsOutputReference extends cdktf.ComplexObject {
  // create - computed: false, optional: true, required: false
  private _create?: string; 
  public get create() {
    return this.getStringAttribute('create');
  }
}

export class Up extends cdktf.TerraformResource {
  public static readonly tfResourceType = "made_up";
  public constructor(scope: Construct, id: string, config: UpConfig = {}) {
    super(scope, id, {
      terraformResourceType: 'made_up',
      terraformGeneratorMetadata: {
        providerName: 'made',
        providerVersion: '1.2.3',
      },
    });
  }

  // arn - computed: true, optional: false, required: false
  public get arn() {
    return this.getStringAttribute('arn');
  }

  // sizes - computed: false, optional: true, required: false
  private _sizes?: number[]; 
  public get sizes() {
    return this.getNumberListAttribute('sizes');
  }

  // timeouts - computed: false, optional: true, required: false
  private _timeouts = new UpTimeoutsOutputReference(this, "timeouts");
  public get timeouts() {
    return this._timeouts;
  }

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      sizes: {
        value: cdktf.listMapperHcl(cdktf.numberToHclTerraform, false)(this._sizes),
        isBlock: false,
        type: "list",
        storageClassType: "numberList",
      },
      timeouts: {
        value: upTimeoutsToHclTerraform(this._timeouts.internalValue),
        isBlock: true,
        type: "struct",
        storageClassType: "UpTimeouts",
      },
    };
  }
}
