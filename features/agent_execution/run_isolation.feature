@agent_execution
Feature: Customers who work at the same time never see each other's data
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Pass every security review at the first attempt
  Value impact:     Customers can let the platform read all they own
  Strategic impact: One leak between tenants would end the business

  @AEC-03 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Runs of different customers at the same time never mix

    @gate
    Scenario: Ten customers at work at once each get their own result
      Given ten customers with servers in the cloud
      And every customer watches
      When every customer runs a cost analysis at the same moment
      Then each answer equals the savings in its customer's own inventory
      And answers, live events and stored runs show each customer their own data and nobody else's
