@agent_execution
Feature: Customers with runs at the same time see only their own data
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Pass every security review at the first attempt
  Value impact:     Customers can let the platform read everything that they own
  Strategic impact: One leak between tenants would end the business

  @AEC-03 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Runs of different customers at the same time never mix

    @gate
    Scenario: Ten customers at the same time each get their own result
      Given ten customers with servers in the cloud
      And every customer watches
      When every customer runs a cost analysis at the same moment
      Then each answer equals the savings in its customer's own inventory
      And answers, events and stored runs show each customer only their own data
